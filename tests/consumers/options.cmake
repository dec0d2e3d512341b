# Configures pktpool with every combination of its options, and builds the library of the examples
# that the tests also need without examples. A combination that links an undefined target fails:
# without CMAKE_LINK_LIBRARIES_ONLY_TARGETS CMake would read its name as `-lNAME`.
#   source, binary, generator  of that build
#   arguments                  further arguments of its configuration
function(run)
    execute_process(
        COMMAND ${CMAKE_COMMAND} ${ARGN}
        RESULT_VARIABLE result
        OUTPUT_VARIABLE output
        ERROR_VARIABLE output)
    if(NOT result EQUAL 0)
        message("${output}")
        list(JOIN ARGN " " command)
        message(FATAL_ERROR "failed: cmake ${command}")
    endif()
endfunction()

foreach(examples ON OFF)
    foreach(tests ON OFF)
        foreach(programs "ON OFF" "OFF ON" "OFF OFF") # all, the pipeline alone, none
            separate_arguments(programs)
            list(GET programs 0 all)
            list(GET programs 1 pipeline)
            foreach(install ON OFF)
                run(-S ${source} -B ${binary} -G ${generator} -DCMAKE_LINK_LIBRARIES_ONLY_TARGETS=ON
                    -DPKTPOOL_BUILD_EXAMPLES=${examples} -DPKTPOOL_BUILD_TESTS=${tests}
                    -DPKTPOOL_BUILD_PROGRAMS=${all} -DPKTPOOL_BUILD_PIPELINE=${pipeline}
                    -DPKTPOOL_INSTALL=${install} ${arguments})
                if(tests AND NOT examples)
                    run(--build ${binary} --target packet_trace)
                endif()
            endforeach()
        endforeach()
    endforeach()
endforeach()

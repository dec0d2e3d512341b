# Projects that cannot import pktpool: find_package() says why, and what to pass to cmake.
#   source, binary  of the project with find_package(pktpool)
#   package         directory of pktpool's package
#   compiler, make  the compiler of this build; the program make, or nothing
function(refuse reason)
    file(REMOVE_RECURSE ${binary})
    execute_process(
        COMMAND ${CMAKE_COMMAND} -S ${source} -B ${binary} -Dpktpool_DIR=${package}
                -DCMAKE_CXX_COMPILER=${compiler} ${ARGN}
        RESULT_VARIABLE result
        OUTPUT_VARIABLE output
        ERROR_VARIABLE output)
    string(REGEX REPLACE "[ \n]+" " " output "${output}")
    string(FIND "${output}" "${reason}" found)
    if(result EQUAL 0 OR found EQUAL -1)
        message(FATAL_ERROR "expected: ${reason}\n${output}")
    endif()
endfunction()

refuse("pktpool has no component \"sockets\"" -G Ninja -Dcomponent=sockets)
refuse("CMake needs clang-scan-deps" -G Ninja -DCMAKE_CXX_COMPILER_CLANG_SCAN_DEPS=)
if(make)
    refuse("which CMake's generator \"Unix Makefiles\" cannot build. Configure a new build directory with: cmake -G Ninja"
           -G "Unix Makefiles" -DCMAKE_MAKE_PROGRAM=${make})
endif()

# Builds `target`, and checks the result and the diagnostics of the compiler.
#   expected  the rule that a diagnostic has to name, a regular expression; empty: it has to compile
execute_process(
    COMMAND ${CMAKE_COMMAND} --build ${build} --config "${config}" --target ${target}
    RESULT_VARIABLE result
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)

if(expected STREQUAL "")
    if(NOT result EQUAL 0)
        message("${output}")
        message(FATAL_ERROR "${target} does not compile, but should")
    endif()
    return()
endif()

if(result EQUAL 0)
    message(FATAL_ERROR "${target} compiles, but should be refused: ${expected}")
endif()

# A diagnostic is `file:line:column: text`, or `file(line,column): text` from MSVC; GCC adds bullet
# points. Commands, file names and excerpts of the source do not have this form.
set(position ":[0-9]+:[0-9]+:|\\([0-9]+,[0-9]+\\) *:|\n *• ")
if(NOT output MATCHES "(${position})[^\n]*error" OR NOT output MATCHES "(${position})([^\n]*(${expected}))")
    message("${output}")
    message(FATAL_ERROR "${target} is refused, but no diagnostic says ${expected}")
endif()
message("refused:${CMAKE_MATCH_2}")

# Builds `target`, and looks at how that ends and at what the compiler says.
#   expected  the rule that a diagnostic has to name, as a regular expression; empty: it compiles
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

# A diagnostic is `file:line:column: text`, or `file(line,column): text` from MSVC, and GCC adds
# bullet points. Only its text counts: neither the command, nor the name of a file, nor an excerpt of
# the source has that form.
set(place ":[0-9]+:[0-9]+:|\\([0-9]+,[0-9]+\\) *:|\n *• (required for|the expression|in requirements)")
if(NOT output MATCHES "(${place})[^\n]*error" OR NOT output MATCHES "(${place})([^\n]*${expected})")
    message("${output}")
    message(FATAL_ERROR "${target} is refused, but no diagnostic says ${expected}")
endif()
message("refused:${CMAKE_MATCH_2}")

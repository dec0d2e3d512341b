# replay --course writes two tables and a plot per trace. Without gnuplot it says so, and writes the tables.
# Arguments: replay, traces, folder; gnuplot, if it is installed.
function(run_replay folder)
    file(REMOVE_RECURSE ${folder})
    execute_process(
        COMMAND ${ARGN} ${replay} ${traces}/lossy_leecher.trace --rounds 1 --course ${folder} COMMAND_ERROR_IS_FATAL ANY
        OUTPUT_QUIET
        ERROR_VARIABLE error)
    set(error "${error}" PARENT_SCOPE)
    foreach(pool IN ITEMS packet_pool adaptive)
        file(STRINGS ${folder}/lossy_leecher.${pool}.tsv table)
        list(POP_FRONT table head first)
        list(LENGTH table rows)
        if(NOT head MATCHES "^record\tidle\toutstanding$" OR NOT first MATCHES "^0\t0\t[0-9]+$" OR rows LESS 1000)
            message(FATAL_ERROR "${pool}: ${head}, ${first}, ${rows} more rows")
        endif()
    endforeach()
endfunction()

if(gnuplot)
    run_replay(${folder}/with_plot)
    file(READ ${folder}/with_plot/lossy_leecher.svg picture)
    foreach(text IN ITEMS "</svg>" ">lossy_leecher<" ">KiB<" ">outstanding<" ">packet_pool: idle<" ">adaptive: idle<")
        string(FIND "${picture}" "${text}" position)
        if(position EQUAL -1)
            message(FATAL_ERROR "the plot does not have ${text}")
        endif()
    endforeach()
endif()

run_replay(${folder}/without_plot ${CMAKE_COMMAND} -E env PATH=${folder})
if(NOT error MATCHES "lossy_leecher.svg is not written: gnuplot is not installed .Debian: gnuplot-nox." OR EXISTS ${folder}/without_plot/lossy_leecher.svg)
    message(FATAL_ERROR "without gnuplot: ${error}")
endif()

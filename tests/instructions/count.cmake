# Counts the instructions of a million operations: the difference between a run with them and a run
# without. Fails if a pair of acquire and release takes more than `bound`, or more than that of the
# program `other`, or than `percent` of that.
set(pairs 500000) # a million operations

function(count_instructions result program pairs)
    execute_process(
        COMMAND ${valgrind} --tool=callgrind --callgrind-out-file=/dev/null ${program} ${pairs}
        ERROR_VARIABLE output
        OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCH "Collected : ([0-9]+)" found "${output}")
    if(NOT found)
        message(FATAL_ERROR "no count in the output of valgrind:\n${output}")
    endif()
    set(${result} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

# Per pair, in hundredths.
function(count_pair result program)
    count_instructions(without ${program} 0)
    count_instructions(with ${program} ${pairs})
    math(EXPR hundredths "100 * (${with} - ${without}) / ${pairs}")
    set(${result} ${hundredths} PARENT_SCOPE)
endfunction()

function(print text hundredths)
    math(EXPR whole "${hundredths} / 100")
    math(EXPR rest "${hundredths} % 100 + 100")
    string(SUBSTRING ${rest} 1 2 rest)
    message(STATUS "${text}: ${whole}.${rest} instructions per acquire and release")
endfunction()

if(DEFINED other)
    count_pair(most ${other})
    if(DEFINED percent)
        print("other" ${most})
        math(EXPR most "${most} * ${percent} / 100")
    endif()
else()
    math(EXPR most "100 * ${bound}")
endif()
count_pair(hundredths ${program})
print("counted" ${hundredths})
print("bound" ${most})
if(hundredths GREATER most)
    message(FATAL_ERROR "the hot path has more instructions than its bound")
endif()

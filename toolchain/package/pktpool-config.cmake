include(${CMAKE_CURRENT_LIST_DIR}/pktpool-requirements.cmake)
foreach(component IN LISTS pktpool_FIND_COMPONENTS)
    if(pktpool_FIND_REQUIRED_${component})
        set(pktpool_refusal "pktpool has no component \"${component}\"; it has none at all")
    endif()
endforeach()
if(pktpool_refusal)
    set(pktpool_FOUND FALSE)
    set(pktpool_NOT_FOUND_MESSAGE "${pktpool_refusal}")
    return()
endif()

include(CMakeFindDependencyMacro)
find_dependency(Microsoft.GSL CONFIG)
find_dependency(Threads)
include(${CMAKE_CURRENT_LIST_DIR}/pktpool-targets.cmake)

# For projects with a policy version older than CMake's support of modules, CMake scans no sources.
if(NOT DEFINED CMAKE_CXX_SCAN_FOR_MODULES)
    set(CMAKE_CXX_SCAN_FOR_MODULES ON)
endif()

# A consumer compiles the module interface itself, and a compiler refuses to import it if language
# mode or options differ. So the interface gets those that the consumer set before find_package().
if(DEFINED CMAKE_CXX_STANDARD)
    set_property(TARGET pktpool::pktpool PROPERTY CXX_STANDARD ${CMAKE_CXX_STANDARD})
endif()
if(DEFINED CMAKE_CXX_EXTENSIONS)
    set_property(TARGET pktpool::pktpool PROPERTY CXX_EXTENSIONS ${CMAKE_CXX_EXTENSIONS})
else()
    set_property(TARGET pktpool::pktpool PROPERTY CXX_EXTENSIONS)
endif()
foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS)
    get_directory_property(of_directory ${property})
    set_property(TARGET pktpool::pktpool APPEND PROPERTY IMPORTED_CXX_MODULES_${property} ${of_directory})
endforeach()
# No warnings here: they are for the consumer's own code. Some flags are unused in this compilation:
# those for linking, and `-c` of CMake.
set_property(
    TARGET pktpool::pktpool APPEND PROPERTY IMPORTED_CXX_MODULES_COMPILE_OPTIONS
    $<IF:$<STREQUAL:${CMAKE_CXX_COMPILER_FRONTEND_VARIANT},MSVC>,/w,-w>
    $<$<CXX_COMPILER_ID:Clang>:-Qunused-arguments>)

include(${CMAKE_CURRENT_LIST_DIR}/pktpool-importers.cmake)
# At the end of this directory. CMake builds an imported module only for targets that link it directly, not for those
# that link a library which links it publicly. These get a direct link.
function(pktpool_finish_importers directory)
    pktpool_importers(${directory} importers sanitized)
    foreach(target IN LISTS importers)
        set_property(TARGET ${target} APPEND PROPERTY LINK_LIBRARIES pktpool::pktpool)
    endforeach()
    if(sanitized)
        set_property(TARGET pktpool::pktpool APPEND
                     PROPERTY IMPORTED_CXX_MODULES_COMPILE_DEFINITIONS PKTPOOL_ADDRESS_SANITIZER)
    endif()
endfunction()
cmake_language(DEFER CALL pktpool_finish_importers ${CMAKE_CURRENT_SOURCE_DIR})

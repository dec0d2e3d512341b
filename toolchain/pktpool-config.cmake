include(CMakeFindDependencyMacro)
find_dependency(Microsoft.GSL CONFIG)
include(${CMAKE_CURRENT_LIST_DIR}/pktpool-targets.cmake)

# A consumer compiles the module's interface again, and a compiler refuses to import it into another
# language mode: the mode that the consumer set before find_package() is the interface's too.
if(DEFINED CMAKE_CXX_STANDARD)
    set_property(TARGET pktpool::pktpool PROPERTY CXX_STANDARD ${CMAKE_CXX_STANDARD})
endif()
if(DEFINED CMAKE_CXX_EXTENSIONS)
    set_property(TARGET pktpool::pktpool PROPERTY CXX_EXTENSIONS ${CMAKE_CXX_EXTENSIONS})
else()
    set_property(TARGET pktpool::pktpool PROPERTY CXX_EXTENSIONS)
endif()
# Flags that this compilation has no use for, the consumer's for linking and CMake's own `-c`, are no
# fault of theirs.
set_property(
    TARGET pktpool::pktpool APPEND PROPERTY IMPORTED_CXX_MODULES_COMPILE_OPTIONS
    $<$<CXX_COMPILER_ID:Clang>:-Qunused-arguments>)

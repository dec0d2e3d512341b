include(CMakeFindDependencyMacro)
find_dependency(pktpool)
include(${CMAKE_CURRENT_LIST_DIR}/datagrams-targets.cmake)

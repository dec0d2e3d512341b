# clang 22, as Debian names its programs. pktpool is built with the standard library of the system.
set(CMAKE_CXX_COMPILER clang++-22)
set(CMAKE_CXX_COMPILER_CLANG_SCAN_DEPS clang-scan-deps-22)

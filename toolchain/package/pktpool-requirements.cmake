# Sets pktpool_refusal: why this project cannot import pktpool and what to pass to cmake, or nothing.
set(pktpool_refusal "")
if(CMAKE_VERSION VERSION_LESS 3.28)
    set(pktpool_refusal "pktpool is a C++20 module: it needs CMake 3.28 or newer, this is ${CMAKE_VERSION}")
elseif(NOT CMAKE_GENERATOR MATCHES "^(Ninja|Visual Studio)")
    set(pktpool_refusal
        "pktpool is a C++20 module, which CMake's generator \"${CMAKE_GENERATOR}\" cannot build. Configure a new build directory with: cmake -G Ninja"
    )
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "AppleClang"
       OR (CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 22)
       OR (CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16))
    set(pktpool_refusal
        "pktpool is a C++20 module, which ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} cannot build. Configure a new build directory with clang 22 or newer, for example: cmake -G Ninja -DCMAKE_CXX_COMPILER=clang++-22"
    )
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT CMAKE_CXX_COMPILER_CLANG_SCAN_DEPS)
    set(pktpool_refusal
        "pktpool is a C++20 module: CMake needs clang-scan-deps of ${CMAKE_CXX_COMPILER}. Install it, or pass its path: -DCMAKE_CXX_COMPILER_CLANG_SCAN_DEPS=PATH"
    )
endif()

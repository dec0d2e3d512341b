# g++ 16 or newer.
set(CMAKE_CXX_COMPILER g++)

# g++ 15 or newer; 16 also under the sanitizers.
set(CMAKE_CXX_COMPILER g++)

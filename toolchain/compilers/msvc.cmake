# Visual Studio's compiler, from a developer prompt. Ninja only: the Visual Studio generators cannot
# consume imported module targets.
set(CMAKE_CXX_COMPILER cl)

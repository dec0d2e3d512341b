#include "child.hpp"

#include <array>
#include <cstdio>
#include <stdexcept>

#if defined(_WIN32)
#    define popen _popen
#    define pclose _pclose
#endif

child_result run_child(std::string const& command)
{
    std::FILE* const pipe = popen((command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) {
        throw std::runtime_error("cannot run " + command);
    }
    child_result result;
    std::array<char, 4096> block{};
    while (auto const n = std::fread(block.data(), 1, block.size(), pipe)) {
        result.output.append(block.data(), n);
    }
    result.succeeded = pclose(pipe) == 0;
    return result;
}

child_result run_unpoisoned(std::string const& command)
{
#if defined(_WIN32)
    return run_child(command);
#else
    return run_child("ASAN_OPTIONS=allow_user_poisoning=0 " + command);
#endif
}

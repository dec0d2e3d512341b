// Runs a program and reads what it says.
#pragma once

#include <string>

struct child_result {
    std::string output; ///< stdout and stderr
    bool succeeded = false;
};

child_result run_child(std::string const& command);

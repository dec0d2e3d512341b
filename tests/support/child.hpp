// Runs a program and reads what it says.
#pragma once

#include <string>

struct child_result {
    std::string output; ///< stdout and stderr
    bool succeeded = false;
};

child_result run_child(std::string const& command);

/// The same where AddressSanitizer, which else is the first to see, knows nothing of idle packets
/// and of bytes that nobody asked for.
child_result run_unpoisoned(std::string const& command);

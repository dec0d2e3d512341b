// Runs a program and reads its output.
#pragma once

#include <string>

struct child_result {
    std::string output; ///< stdout and stderr
    bool succeeded = false;
};

child_result run_child(std::string const& command);

/// The same without poisoning by AddressSanitizer, which would else report first: it does not know
/// idle packets and bytes that were not requested.
child_result run_unpoisoned(std::string const& command);

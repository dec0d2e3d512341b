// The bucket policy as C++ text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "sizes.hpp"

namespace fit {

struct fitted_policy {
    std::string name;                 ///< of the struct
    std::vector<std::size_t> buckets; ///< sizes in bytes, ascending
    std::vector<std::size_t> limits;  ///< packets
    std::size_t most;                 ///< bytes: the largest datagram that the protocol may send
    std::string limits_are;           ///< what the limits count, for a comment
};

/// Whether a struct can have this name. It knows no keywords.
bool is_identifier(std::string_view name);

/// A file that compiles by itself: includes, the struct, and static_asserts of its loss on the
/// traffic. `sizes` is what the policy was fitted to.
std::string to_text(fitted_policy const& policy, size_counts const& sizes);

} // namespace fit

#include "subject.hpp"

namespace fuzz {

std::vector<combination const*>& combinations()
{
    static std::vector<combination const*> all;
    return all;
}

} // namespace fuzz

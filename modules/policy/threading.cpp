module;
#include <cstdint>
#include <source_location>
#include <string_view>

#include <gsl/assert>

module pktpool;

import :support.message;

namespace pktpool {

void single_threaded::bind(std::string_view operation, std::source_location where) noexcept
{
    auto const self = this_thread();
    Expects(
        owner_ == unbound ||
        report_and_end(
            message()
                .add(operation)
                .add(" on thread %llu, but it belongs to thread %llu, the first to use it. "
                     "Give each thread its own pool, or call detach() before another thread "
                     "takes it over",
                     static_cast<unsigned long long>(self), static_cast<unsigned long long>(owner_))
                .view(),
            where));
    owner_ = self;
}

} // namespace pktpool

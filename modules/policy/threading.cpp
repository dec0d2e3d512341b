module;
#include <atomic>
#include <cstdint>
#include <source_location>
#include <string_view>

#include <gsl/assert>

module pktpool;

import :support.message;

namespace pktpool {

namespace {

bool refuse(std::string_view operation, std::uintptr_t owner, char const* way_out,
            std::source_location where) noexcept
{
    return report_and_end(message()
                              .add(operation)
                              .add(" on thread %#llx, but the owner is thread %#llx. %s",
                                   static_cast<unsigned long long>(this_thread()),
                                   static_cast<unsigned long long>(owner), way_out)
                              .view(),
                          where);
}

/// Whether an operation gives packets back.
bool gives_back(std::string_view operation) noexcept
{
    return operation == "release()" || operation == "a dropped handle";
}

} // namespace

void single_threaded::bind(std::string_view operation, std::source_location where) noexcept
{
    Expects(owner_ == unbound ||
            refuse(operation, owner_,
                   gives_back(operation)
                       ? "With the threading policy single_owner any thread may give packets back"
                       : "Give each thread its own pool, share one with the threading policy "
                         "synchronized, or call detach() before another thread takes it over",
                   where));
    owner_ = this_thread();
}

void single_owner::bind(std::string_view operation, std::source_location where) noexcept
{
    auto owner = unbound;
    Expects(owner_.compare_exchange_strong(owner, this_thread(), std::memory_order_acq_rel) ||
            refuse(operation, owner,
                   "Other threads may only release and drop; call detach() before another thread "
                   "takes the pool over",
                   where));
}

} // namespace pktpool

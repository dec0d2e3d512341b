// What threading.cppm does rarely, out of its importers' way.
module;
#include <atomic>
#include <cstdint>
#include <ios>
#include <source_location>
#include <sstream>
#include <string_view>
#include <thread>

#include <gsl/assert>

module pktpool;

namespace pktpool {

namespace {

std::uint64_t number_this_thread() noexcept
{
    static constinit std::atomic<std::uint64_t> last{0};
    if (this_thread_number == 0) {
        this_thread_number = last.fetch_add(1, std::memory_order_relaxed) + 1;
    }
    return this_thread_number;
}

} // namespace

void single_threaded::bind(std::string_view operation, std::source_location where) noexcept
{
    auto const self = number_this_thread();
    if (owner_ == unbound) {
        owner_ = self;
        owner_id_ = std::this_thread::get_id();
        return;
    }
    try {
        std::ostringstream text;
        text.exceptions(std::ios::badbit); // without memory half a line would look like a whole one
        text << operation << " on thread " << std::this_thread::get_id()
             << ", but it belongs to thread " << owner_id_
             << ", the first to use it. Give each thread its own pool, or call detach() before "
                "another thread takes it over";
        Expects(owner_ == self || broken(text.str(), where));
    } catch (...) { // no memory for the text
        Expects(owner_ == self || broken("used by a thread that it does not belong to", where));
    }
}

} // namespace pktpool

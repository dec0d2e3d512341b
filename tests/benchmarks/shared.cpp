// One synchronized pool and several threads, bursts of 8 each: nanoseconds per packet on stdout.
// bench_shared THREADS SECONDS
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

import pktpool;

namespace {

using shared_pool =
    pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::synchronized<>>;
constexpr std::size_t burst = 8;

void work(shared_pool& pool, std::size_t& packets, std::atomic<bool> const& over)
{
    std::array<shared_pool::packet_ptr, burst> held;
    while (!over.load(std::memory_order_relaxed)) {
        for (auto& p : held) {
            p = pool.acquire(1472);
        }
        for (auto& p : held) {
            pool.release(std::move(p));
        }
        packets += burst;
    }
}

} // namespace

int main(int argc, char** argv)
{
    auto const threads = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
    auto const seconds = argc > 2 ? std::strtod(argv[2], nullptr) : 0.2;
    shared_pool pool;
    std::atomic<bool> over{false};
    std::vector<std::size_t> packets(threads * 8); // one cache line per thread
    std::vector<std::thread> running;
    auto const begin = std::chrono::steady_clock::now();
    for (std::size_t t = 0; t < threads; ++t) {
        running.emplace_back([&, t] { work(pool, packets[t * 8], over); });
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    over = true;
    for (auto& each : running) {
        each.join();
    }
    std::chrono::duration<double, std::nano> const spent = std::chrono::steady_clock::now() - begin;
    std::size_t sum = 0;
    for (auto const each : packets) {
        sum += each;
    }
    std::printf("%g\n", spent.count() / static_cast<double>(sum));
}

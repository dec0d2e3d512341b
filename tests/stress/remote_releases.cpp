// One thread acquires packets, two others give them back: does every packet come home, and none
// twice? Usage: remote_releases PACKETS
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <thread>

#include "counting_source.hpp"

import pktpool;

namespace {

/// What a packet carries. An idle packet keeps it: the pool does not touch the payload.
struct cargo {
    // NOLINTNEXTLINE(performance-enum-size): a word that nobody else writes
    enum class place : std::uint64_t { home = 0x686f6d65, out = 0x6f7574 };

    std::uint64_t number = 0;
    place where = place::home;
};

using pool = pktpool::basic_packet_pool<pktpool::libtorrent_buckets, pktpool::single_owner,
                                        pktpool::demand_tracked, pktpool::return_on_drop,
                                        pktpool::counted, counting_source>;
using handle = pool::packet_ptr;

constexpr std::size_t capacity = 548;
constexpr std::size_t most_in_batch = 32;

void put(handle& p, cargo const& what)
{
    std::memcpy(p->data(), &what, sizeof what);
}
cargo look(handle const& p)
{
    cargo what;
    std::memcpy(&what, p->data(), sizeof what);
    return what;
}

[[noreturn]] void fail(char const* what, std::uint64_t number)
{
    std::fprintf(stderr, "packet %llu: %s\n", static_cast<unsigned long long>(number), what);
    std::exit(EXIT_FAILURE);
}

/// Batches on their way to one thread.
class ring {
public:
    struct batch {
        std::array<handle, most_in_batch> packets;
        std::size_t count = 0;
    };

    /// The next batch to fill, when there is one.
    batch& begin_send()
    {
        while (sent_ - received_.load(std::memory_order_acquire) == batches_.size()) {
            std::this_thread::yield();
        }
        return batches_.at(sent_ % batches_.size());
    }
    void end_send() { shown_.store(++sent_, std::memory_order_release); }

    /// The next batch, or null.
    batch* begin_receive()
    {
        auto const at = received_.load(std::memory_order_relaxed);
        return at == shown_.load(std::memory_order_acquire) ? nullptr
                                                            : &batches_.at(at % batches_.size());
    }
    void end_receive() { received_.fetch_add(1, std::memory_order_release); }

    void wait_until_empty() const
    {
        while (received_.load(std::memory_order_acquire) != sent_) {
            std::this_thread::yield();
        }
    }

private:
    std::array<batch, 64> batches_;
    alignas(64) std::size_t sent_ = 0;
    alignas(64) std::atomic<std::size_t> shown_{0};
    alignas(64) std::atomic<std::size_t> received_{0};
};

class consumer {
public:
    explicit consumer(pool& home) : home_(&home) {}

    // NOLINTBEGIN(cppcoreguidelines-non-private-member-variables-in-classes): main reads them
    ring inbox;
    std::uint64_t packets = 0;
    std::uint64_t sum = 0; ///< of the numbers
    // NOLINTEND(cppcoreguidelines-non-private-member-variables-in-classes)

    void run(std::atomic<bool> const& over)
    {
        for (std::size_t turn = 0;; ++turn) {
            bool const was_over = over.load(std::memory_order_acquire);
            if (auto* const next = inbox.begin_receive()) {
                give_back(std::span(next->packets).first(next->count), turn);
                inbox.end_receive();
            } else if (was_over) {
                return;
            } else {
                std::this_thread::yield();
            }
        }
    }

private:
    void give_back(std::span<handle> batch, std::size_t turn)
    {
        packets += batch.size();
        for (auto& p : batch) {
            auto what = look(p);
            if (what.where != cargo::place::out) {
                fail("came twice", what.number);
            }
            sum += what.number;
            what.where = cargo::place::home;
            put(p, what);
        }
        if (turn % 4 < 2) {
            home_->release(batch);
        } else {
            for (auto& p : batch) {
                turn % 4 == 2 ? home_->release(std::move(p)) : p.reset();
            }
        }
    }

    pool* home_;
};

/// Sends so many packets, and returns how many came from the source.
void produce(pool& from, std::span<consumer> to, std::uint64_t packets)
{
    constexpr std::uint64_t pause = 1 << 20; // then the pool shrinks, and its lists with it
    std::uint64_t next_pause = pause;
    for (std::uint64_t sent = 0, turn = 0; sent < packets; ++turn) {
        auto& inbox = to[turn % to.size()].inbox;
        auto& batch = inbox.begin_send();
        batch.count = static_cast<std::size_t>(
            std::min<std::uint64_t>(1 + turn * 7 % most_in_batch, packets - sent));
        auto const some = std::span(batch.packets).first(batch.count);
        from.acquire(capacity, some);
        for (auto& p : some) {
            if (auto const before = look(p); before.where == cargo::place::out) {
                fail("was handed out twice", before.number);
            }
            put(p, {.number = sent++, .where = cargo::place::out});
        }
        inbox.end_send();
        if (sent >= next_pause) {
            next_pause += pause;
            for (auto const& each : to) {
                each.inbox.wait_until_empty();
            }
            for (int decays = 0; decays < 20; ++decays) {
                from.decay();
            }
        }
    }
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::fputs("usage: remote_releases PACKETS\n", stderr);
        return EXIT_FAILURE;
    }
    auto const packets = std::stoull(argv[1]);
    std::uint64_t received = 0;
    std::uint64_t sum = 0;
    auto const begin = std::chrono::steady_clock::now();
    {
        pool home;
        std::array consumers{consumer(home), consumer(home)};
        {
            std::atomic<bool> over{false};
            std::array<std::jthread, consumers.size()> threads;
            for (std::size_t i = 0; i < threads.size(); ++i) {
                threads.at(i) = std::jthread([&, i] { consumers.at(i).run(over); });
            }
            produce(home, consumers, packets);
            over.store(true, std::memory_order_release);
        }
        for (auto const& each : consumers) {
            received += each.packets;
            sum += each.sum;
        }
        home.decay();
        auto const now = home.statistics();
        auto const& total = now.total;
        if (total.remote != packets || total.drained != packets || total.outstanding != 0 ||
            total.hits + total.misses != packets || total.kept + total.freed != packets) {
            fail("the statistics do not add up", packets);
        }
        std::printf("%s\n", now.to_line().c_str());
    }
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
    if (received != packets || sum != packets * (packets - 1) / 2 || counting_source::bytes != 0) {
        fail("not every packet came home", packets);
    }
    std::printf("%llu packets came home from two threads in %.1f s, %.1f ns each\n", packets,
                took.count(), took.count() * 1e9 / static_cast<double>(packets));
    return EXIT_SUCCESS;
}

// The threads of the pipeline, and the statistics of the thread that started them.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <deque>
#include <future>
#include <limits>
#include <span>
#include <system_error>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <gsl/util>

#include "command_line.hpp"
#include "inbox.hpp"
#include "receiver.hpp"
#include "sender.hpp"
#include "traffic.hpp"
#include "worker.hpp"

namespace pipeline {

struct settings {
    net::local_address local;
    std::uint32_t workers = 2;
    std::size_t queue = 1024;
    std::chrono::seconds duration{0}; ///< 0: until a signal
    std::uint64_t packets = 0;        ///< 0: no limit
};

/// Any thread may release to such a pool and read its statistics.
template <class Pool>
concept shared_pool = requires(Pool& pool) { pool.statistics(); };

/// Answers datagrams of up to `Largest` bytes. A pool that is not a shared_pool belongs to the
/// thread of the receiver, and the others drop their handles.
template <class Pool, std::size_t Largest>
class echo_server {
public:
    using packet_ptr = typename Pool::packet_ptr;

    explicit echo_server(settings const& with)
        : to_sender_(with.workers, with.queue),
          receiver_(pool_, with.local.to_endpoint(), Largest, to_workers_,
                    with.packets > 0 ? with.packets : std::numeric_limits<std::uint64_t>::max()),
          sender_(receiver_.socket(), to_sender_, [this](auto batch) { give_back(batch); }),
          signals_(context_, SIGINT, SIGTERM), second_(context_), end_(context_)
    {
        for (std::uint32_t i = 0; i < with.workers; ++i) {
            auto& mine = to_workers_.emplace_back(1, with.queue);
            workers_.emplace_back(i, mine, to_sender_);
        }
        if (with.duration.count() > 0) {
            end_.expires_after(with.duration);
            end_.async_wait(stop_main());
        }
        signals_.async_wait(stop_main());
    }

    /// Until a signal, the end of the duration, or the last packet. Throws what a thread throws.
    void run()
    {
        net::print_address(stdout, receiver_.socket().local_endpoint());
        std::vector<std::future<void>> threads; // their destructors wait
        auto const at_end = gsl::finally([this] { receiver_.stop(); });
        auto const start = [&](auto& stage) {
            threads.push_back(std::async(std::launch::async, [&] {
                auto const at_its_end = gsl::finally([this] { context_.stop(); });
                stage.run();
            }));
        };
        // In this order the end of the receiver ends all, also if one cannot be started.
        start(receiver_);
        for (auto& each : workers_) {
            start(each);
        }
        start(sender_);
        print_each_second();
        context_.run();
        receiver_.stop();
        for (auto& each : threads) {
            each.get();
        }
        report();
    }

private:
    [[nodiscard]] auto stop_main()
    {
        return [this](std::error_code error, auto...) {
            if (!error) {
                context_.stop();
            }
        };
    }

    void give_back(std::span<packet_ptr> batch)
    {
        if constexpr (shared_pool<Pool>) {
            pool_.release(batch);
        } else {
            std::ranges::fill(batch, nullptr);
        }
    }

    [[nodiscard]] total_counts totals() const
    {
        total_counts sum;
        sum += receiver_.counts();
        sum += sender_.counts();
        for (auto const& each : workers_) {
            sum += each.counts();
        }
        return sum;
    }

    void print_each_second()
    {
        second_.expires_after(std::chrono::seconds(1));
        second_.async_wait([this](std::error_code error) {
            if (error) {
                throw std::system_error(error, "waiting for the timer");
            }
            auto const now = totals();
            std::printf("%llu received, %llu dropped, %llu sent, %llu lost", now.received,
                        now.dropped, now.sent, now.lost);
            if constexpr (shared_pool<Pool>) {
                std::printf("; %s", pool_.statistics().to_line().c_str());
            }
            std::printf("\n");
            std::fflush(stdout);
            print_each_second();
        });
    }

    /// After the threads have ended.
    void report()
    {
        auto const all = totals();
        auto const seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
        std::printf("answers of each worker:");
        for (auto const& each : workers_) {
            std::printf(" %llu", static_cast<unsigned long long>(each.answers()));
        }
        std::printf("\n%zu packets that nothing was received into\n", receiver_.unused());
        std::printf("%llu received, %llu malformed, %llu dropped, %llu sent, %llu lost, "
                    "%.2f us of processor time a datagram\n",
                    all.received, all.truncated, all.dropped, all.sent, all.lost,
                    1e6 * seconds / static_cast<double>(std::max(1ULL, all.received)));
        if constexpr (shared_pool<Pool>) {
            pool_.detach(); // the next call makes this thread the owner
            pool_.decay();  // takes what came back since the receiver's last acquire
            std::printf("%s", pool_.statistics().to_table().c_str());
        }
    }

    Pool pool_; // first: the packets below return to it
    std::deque<inbox<packet_ptr>> to_workers_;
    inbox<packet_ptr> to_sender_;
    receiver<Pool> receiver_;
    std::deque<worker<packet_ptr>> workers_;
    sender<packet_ptr> sender_;
    asio::io_context context_;
    asio::signal_set signals_;
    asio::steady_timer second_;
    asio::steady_timer end_;
};

} // namespace pipeline

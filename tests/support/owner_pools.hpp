// The owner of a pool, and threads that give its packets back.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "counting_source.hpp"
#include "mailbox.hpp"

/// Metadata that are alive.
struct counted_metadata {
    static inline std::atomic<std::size_t> alive{0};

    counted_metadata() { alive.fetch_add(1, std::memory_order_relaxed); }
    counted_metadata(counted_metadata const& other) noexcept : mark(other.mark)
    {
        alive.fetch_add(1, std::memory_order_relaxed);
    }
    counted_metadata& operator=(counted_metadata const&) noexcept = default;
    ~counted_metadata() { alive.fetch_sub(1, std::memory_order_relaxed); }

    std::size_t mark = 0;
};

/// Uses all bytes of the packet.
template <class Packet>
void write(Packet& packet, std::size_t size, std::size_t mark)
{
    packet.size = static_cast<std::uint16_t>(size);
    packet.mark = mark;
    std::ranges::fill(packet.used(), static_cast<std::byte>(mark));
}
template <class Packet>
bool holds(Packet& packet, std::size_t mark)
{
    return packet.mark == mark && std::ranges::all_of(packet.used(), [&](std::byte each) {
               return each == static_cast<std::byte>(mark);
           });
}

/// How a thread gives packets back.
enum class way : std::uint8_t { drop, release_one, release_span, any };

/// Another thread than the owner's. It reads and overwrites each packet, keeps some for a while,
/// and gives them back until its owner says that no more will come.
template <class Pool>
class giver {
    using handle = typename Pool::packet_ptr;

public:
    static constexpr std::size_t most_held = 40;

    giver(Pool& pool, way how, unsigned seed) : pool_(&pool), how_(how), random_(seed) {}
    giver(giver const&) = delete;
    giver& operator=(giver const&) = delete;
    ~giver() { join(); }

    void start()
    {
        thread_ = std::thread([this] { run(); });
    }
    /// By the owner.
    void send(handle& p) { inbox_.send(p); }
    void stop() { over_.store(true, std::memory_order_release); }
    void join()
    {
        stop();
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    /// After join().
    [[nodiscard]] std::size_t damaged() const { return damaged_; }
    [[nodiscard]] std::size_t wrong_statistics() const { return wrong_statistics_; }
    [[nodiscard]] std::size_t given_back() const { return given_back_; }

    static constexpr std::size_t mark_of_sender = 0x5a;

private:
    void run()
    {
        for (bool is_last = false; !is_last;) {
            bool const was_over = over_.load(std::memory_order_acquire); // before the last look
            is_last = !receive() && was_over;
            if (is_last || held_.size() > random_() % most_held) {
                give_back();
            } else {
                std::this_thread::yield();
            }
            read_statistics();
        }
    }
    /// Returns whether there may be more.
    bool receive()
    {
        while (held_.size() < most_held) {
            auto p = inbox_.receive();
            if (!p) {
                return false;
            }
            damaged_ += holds(*p, mark_of_sender) ? 0U : 1U;
            write(*p, p->size, 0xa5);
            held_.push_back(std::move(p));
        }
        return true;
    }
    void give_back()
    {
        given_back_ += held_.size();
        auto const how = how_ == way::any ? static_cast<way>(random_() % 3) : how_;
        if (how == way::release_span) {
            pool_->release(std::span(held_));
        } else if (how == way::release_one) {
            for (auto& p : held_) {
                pool_->release(std::move(p));
            }
        }
        held_.clear();
    }
    void read_statistics()
    {
        if constexpr (requires { pool_->statistics(); }) {
            if (how_ == way::any) {
                auto const now = pool_->statistics().total;
                wrong_statistics_ += now.hits < hits_ || now.drained > now.remote ? 1 : 0;
                hits_ = now.hits;
            }
        }
    }

    Pool* pool_;
    way how_;
    std::minstd_rand random_;
    mailbox<handle> inbox_;
    std::atomic<bool> over_{false};
    std::vector<handle> held_;
    std::size_t damaged_ = 0;
    std::size_t wrong_statistics_ = 0;
    std::size_t given_back_ = 0;
    std::uint64_t hits_ = 0;
    std::thread thread_;
};

inline constexpr std::array<std::size_t, 5> sizes_to_acquire{20, 100, 548, 1472, 3000};

/// The thread that acquires. It may be another one after each call of work().
template <class Pool>
class owner {
    using handle = typename Pool::packet_ptr;

public:
    /// The others release through `gate`, so that the pool may move and end meanwhile.
    explicit owner(std::size_t threads, Pool* gate = nullptr)
    {
        // A hardened pool reports packets of others.
        bool const only_drops = gate != nullptr && requires { pool->outstanding(); };
        for (std::size_t i = 0; i < threads; ++i) {
            constexpr std::array ways{way::any, way::drop, way::release_span, way::release_one};
            givers_.emplace_back(gate != nullptr ? *gate : *pool,
                                 only_drops ? way::drop : ways.at(i % ways.size()),
                                 static_cast<unsigned>(i + 1));
        }
        for (auto& each : givers_) {
            each.start();
        }
    }

    void work(int operations)
    {
        for (int i = 0; i < operations; ++i) {
            try {
                operate();
            } catch (std::bad_alloc const&) {
                ++refused;
            } catch (std::length_error const&) { // a reserve above max_idle_bytes
                ++too_many;
            }
        }
    }
    void stop()
    {
        for (auto& each : givers_) {
            each.join();
            damaged += each.damaged();
            wrong_statistics += each.wrong_statistics();
        }
        givers_.clear();
    }

    std::unique_ptr<Pool> pool = std::make_unique<Pool>();
    std::size_t damaged = 0;
    std::size_t wrong_statistics = 0;
    std::size_t refused = 0;
    std::size_t too_many = 0;

private:
    void operate()
    {
        auto const what = random_() >> 4;
        auto const size = sizes_to_acquire.at(what / 16 % sizes_to_acquire.size());
        switch (what % 16) {
        case 0:
            pool->decay();
            break;
        case 1:
            pool->trim();
            break;
        case 2:
            pool->reserve(548, 8);
            break;
        case 3: { // its own packets, and a smaller one
            std::array<handle, 5> mine;
            pool->acquire(1472, mine);
            mine[0]->size = 10;
            static_cast<void>(pool->shrink_to_bucket(mine[0]));
            mine[1].reset();
            pool->release(mine);
            break;
        }
        case 4:
            static_cast<void>(pool->idle());
            if constexpr (requires { pool->outstanding(); }) {
                static_cast<void>(pool->outstanding());
            }
            break;
        default: {
            std::array<handle, 32> batch;
            auto const some = std::span(batch).first(1 + what / 128 % batch.size());
            pool->acquire(size, some);
            auto& to = givers_.at(what / 8192 % givers_.size());
            for (auto& p : some) {
                write(*p, size, giver<Pool>::mark_of_sender);
                to.send(p); // if it is full, the packet is dropped here
            }
        }
        }
    }

    std::deque<giver<Pool>> givers_;
    std::minstd_rand random_{1};
};

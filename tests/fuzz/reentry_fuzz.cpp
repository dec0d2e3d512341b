// Pools whose sources and metadata call them. After each operation the state is consistent,
// whatever was called during it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "payload.hpp"
#include "reentry.hpp"
#include "tally.hpp"

import pktpool;

namespace {

using fuzz::reentry_expects;

struct small_buckets {
    static constexpr std::array buckets{pktpool::bucket{.size = 16, .limit = 2},
                                        pktpool::bucket{.size = 64, .limit = 3}};
};
constexpr std::size_t exact_size = 80; // above the largest bucket

template <class Threading, class... Policies>
using pool_of = pktpool::basic_packet_pool<small_buckets, Threading, fuzz::reentering_source,
                                           fuzz::reentering_metadata, Policies...>;

using locked = pktpool::synchronized<std::recursive_mutex>;
using idle_bytes = pktpool::max_idle_bytes<400>;

/// A pool and its handles. The bytes of the script choose the operations, also the nested ones.
template <class Pool, bool TracksDemand, std::size_t MostIdleBytes>
class reentry final : public fuzz::reentering_user {
    using handle = typename Pool::packet_ptr;

public:
    explicit reentry(std::span<std::uint8_t const> script) : rest_(script) {}

    std::size_t play()
    {
        pool_.emplace();
        while (!rest_.empty()) {
            operation(byte());
            check();
        }
        bool const pool_first = operations_ % 2 == 0;
        if (pool_first) {
            pool_.reset();
        }
        for (std::size_t i = 0; i < handles_.size(); ++i) {
            drop(take_out(i));
        }
        pool_.reset();
        reentry_expects(blocks().empty(), "no memory is left at the end");
        reentry_expects(live_metadata() == 0, "no metadata are left at the end");
        return operations_;
    }

private:
    /// A packet and the pattern that was written into it.
    struct slot {
        handle packet;
        std::size_t id = 0;
        std::size_t size = 0;
    };
    static constexpr std::size_t slots_of_owner = 4;

    std::uint8_t byte()
    {
        if (rest_.empty()) {
            return 0;
        }
        auto const first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }

    /// Often does nothing; ends with the script.
    bool react(bool may_throw) override
    {
        if (rest_.empty() || !pool_ || depth() >= most_depth) {
            return false;
        }
        auto const choice = byte();
        if (choice >= 128) {
            operation(choice);
        }
        return may_throw && choice % 8 == 7;
    }

    void end_owner(std::size_t owner) override
    {
        for (std::size_t i = 0; i < slots_of_owner; ++i) {
            auto packet = take_out(owner * slots_of_owner + i);
            if (pool_ && i % 2 == 0) {
                release(std::move(packet));
            } else {
                drop(std::move(packet));
            }
        }
    }

    /// The packet of a slot. Checks its bytes.
    handle take_out(std::size_t index)
    {
        auto& from = handles_.at(index);
        check(from);
        return std::move(from.packet);
    }
    /// A drop may fill the slot again.
    void clear(std::size_t index)
    {
        while (handles_.at(index).packet) {
            drop(take_out(index));
        }
    }
    void put_in(std::size_t index, handle packet, std::size_t size)
    {
        check_new(packet, size);
        clear(index);
        packet->size = static_cast<std::uint16_t>(size);
        auto& into = handles_.at(index);
        into = {.packet = std::move(packet), .id = ++ids_, .size = size};
        fuzz::write(into.packet->data(), written(into));
        auto const owner = byte() % 8U;
        if (owner < no_owner && owner != index / slots_of_owner) {
            into.packet->refer_to(owner);
        }
    }

    void drop(handle packet)
    {
        deeper const inside(*this);
        packet.reset();
    }
    void release(handle packet)
    {
        deeper const inside(*this);
        pool_->release(std::move(packet));
    }

    static fuzz::writing written(slot const& of)
    {
        return {.id = of.id, .begin = 0, .end = fuzz::to_offset(of.size)};
    }

    void operation(std::uint8_t what)
    {
        ++operations_;
        try {
            call(what % 16U);
        } catch (std::bad_alloc const&) { // check() follows
        } catch (fuzz::no_reentering_metadata const&) {
        }
    }

    void call(std::size_t what)
    {
        constexpr std::array<std::size_t, 5> sizes{0, 16, 17, 64, exact_size};
        std::size_t const argument = byte();
        auto const size = sizes.at(argument % sizes.size());
        auto const index = argument % handles_.size();
        switch (what) {
        case 0:
        case 1:
        case 2:
        case 3: {
            std::optional<deeper> inside(*this);
            auto packet = pool_->acquire(size);
            inside.reset();
            put_in(index, std::move(packet), size);
            break;
        }
        case 4:
        case 5:
            acquire_batch(index, size, argument / handles_.size());
            break;
        case 6:
        case 7:
        case 8:
            release(take_out(index));
            break;
        case 9: {
            std::array<handle, 6> batch;
            for (std::size_t i = 0; i < batch.size(); ++i) {
                batch.at(i) = take_out((index + i) % handles_.size());
            }
            deeper const inside(*this);
            pool_->release(batch);
            break;
        }
        case 10:
        case 11:
            drop(take_out(index));
            break;
        case 12:
            trim();
            break;
        case 13: {
            deeper const inside(*this);
            pool_->decay();
            break;
        }
        case 14:
            reserve(argument % small_buckets::buckets.size(), argument / 2 % 6U);
            break;
        default:
            shrink(index);
            break;
        }
    }

    void acquire_batch(std::size_t index, std::size_t size, std::size_t packets)
    {
        std::vector<handle> batch(packets % 8U);
        std::optional<deeper> inside(*this);
        try {
            pool_->acquire(size, batch);
        } catch (...) {
            reentry_expects(std::ranges::all_of(batch, [](handle const& p) { return !p; }),
                            "a failed batch is empty");
            throw;
        }
        inside.reset();
        for (auto& packet : batch) {
            put_in(index++ % handles_.size(), std::move(packet), size);
        }
    }

    /// The call itself frees at most as many packets as were idle before.
    void trim()
    {
        auto const idle = pool_->idle().count;
        auto const before = deallocations();
        {
            deeper const inside(*this);
            pool_->trim();
        }
        reentry_expects(deallocations() - before <= idle, "trim() frees at most the idle packets");
    }

    /// The call itself makes at most as many packets as were lacking before.
    void reserve(std::size_t bucket, std::size_t packets)
    {
        auto const idle = pool_->idle(bucket).count;
        auto const before = allocations();
        auto const check = [&] {
            reentry_expects(allocations() - before <= packets - std::min(packets, idle),
                            "reserve() makes at most the lacking packets");
        };
        try {
            deeper const inside(*this);
            pool_->reserve(small_buckets::buckets.at(bucket).size, packets);
        } catch (std::length_error const&) {
            reentry_expects(packets > 0, "reserve() of 0 packets is not refused");
        }
        check();
    }

    void shrink(std::size_t index)
    {
        auto& of = handles_.at(index);
        if (!of.packet) {
            return;
        }
        check(of);
        slot alone = std::exchange(of, {}); // nested calls must not take it
        alone.size = alone.packet->size =
            static_cast<std::uint16_t>(std::min<std::size_t>(alone.size, 16));
        try {
            deeper const inside(*this);
            pool_->shrink_to_bucket(alone.packet);
        } catch (...) {
            put_back(index, alone);
            throw;
        }
        put_back(index, alone);
    }
    void put_back(std::size_t index, slot& alone)
    {
        clear(index);
        handles_.at(index) = std::move(alone);
    }

    void check_new(handle const& packet, std::size_t size) const
    {
        reentry_expects(static_cast<bool>(packet), "an acquire returns a packet");
        reentry_expects(packet->allocated >= size && packet->size == 0, "a packet is new");
        reentry_expects(blocks().contains(packet.get()), "a packet is in live memory");
        reentry_expects(
            std::ranges::none_of(
                handles_, [&](slot const& each) { return each.packet.get() == packet.get(); }),
            "no packet is acquired twice");
    }
    static void check(slot const& of)
    {
        if (of.packet) {
            reentry_expects(of.packet->size == of.size &&
                                fuzz::holds(of.packet->data(), written(of)),
                            "a packet has the written bytes");
        }
    }

    /// Called while no operation runs.
    void check() const
    {
        std::size_t out = 0;
        for (auto const& each : handles_) {
            check(each);
            out += each.packet ? 1 : 0;
        }
        auto const idle = pool_->idle();
        reentry_expects(blocks().size() == out + idle.count,
                        "memory is that of outstanding and idle packets");
        reentry_expects(live_metadata() == out, "metadata are those of outstanding packets");
        std::size_t bytes = 0;
        for (auto const& [memory, size] : blocks()) {
            bytes += size;
        }
        for (auto const& each : handles_) {
            bytes -= each.packet ? blocks().at(each.packet.get()) : 0;
        }
        reentry_expects(bytes == idle.bytes, "idle bytes are those of idle packets");
        if constexpr (requires { pool_->statistics(); }) {
            auto const now = pool_->statistics().total;
            reentry_expects(now.outstanding == out, "statistics: outstanding");
            reentry_expects(now.hits + now.misses - now.kept - now.freed == out,
                            "statistics: acquired and given back");
            reentry_expects(now.kept + now.reserved - now.hits - now.decayed - now.trimmed ==
                                idle.count,
                            "statistics: idle");
        }
        if constexpr (requires { pool_->outstanding(); }) {
            std::size_t listed = 0;
            for (auto const& each : pool_->outstanding()) {
                listed += each.count;
            }
            reentry_expects(listed == out, "call sites that are out");
        }
        check_bounds();
    }
    void check_bounds() const
    {
        for (std::size_t i = 0; i < small_buckets::buckets.size(); ++i) {
            reentry_expects(TracksDemand ||
                                pool_->idle(i).count <= small_buckets::buckets.at(i).limit,
                            "a bucket keeps no more than its limit");
        }
        reentry_expects(pool_->idle().bytes <= MostIdleBytes, "idle bytes are within their bound");
    }

    std::span<std::uint8_t const> rest_;
    std::optional<Pool> pool_;
    std::array<slot, owners * slots_of_owner> handles_;
    std::size_t ids_ = 0;
    std::size_t operations_ = 0;
};

template <class Pool, bool TracksDemand = false, std::size_t MostIdleBytes = ~std::size_t{0}>
std::size_t play(std::span<std::uint8_t const> script)
{
    return reentry<Pool, TracksDemand, MostIdleBytes>(script).play();
}

using pktpool::clear_on_release;
using pktpool::counted;
using pktpool::demand_tracked;
using pktpool::hardened;
using pktpool::return_on_drop;
using pktpool::single_threaded;
using pktpool::unchecked;

constexpr std::array combinations{
    play<pool_of<single_threaded>>,
    play<pool_of<unchecked, return_on_drop>>,
    play<pool_of<locked, demand_tracked, return_on_drop>, true>,
    play<pool_of<locked, hardened>>,
    play<pool_of<single_threaded, counted, clear_on_release>>,
    play<pool_of<locked, idle_bytes>, false, idle_bytes::most_idle_bytes>,
    play<pool_of<single_threaded, demand_tracked, return_on_drop, hardened, counted, idle_bytes>,
         true, idle_bytes::most_idle_bytes>,
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    static fuzz::tally done("operations in", "scripts, on pools that are re-entered");
    if (size > 0) {
        done.add_thing();
        done.add_steps(
            combinations[data[0] % combinations.size()](std::span(data, size).subspan(1)));
    }
    return 0;
}

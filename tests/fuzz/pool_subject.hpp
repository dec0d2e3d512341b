// A pool type as a subject. Instantiated per combination of policies, so it does as little as
// possible. All names of pktpool depend on the pool type, so this header comes before the import.
#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <optional>
#include <source_location>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <gsl/span>

#include "packet_access.hpp"
#include "subject.hpp"

namespace fuzz {

/// `Source` is made from a memory resource, if it has such a constructor.
template <class Pool, class Source, std::array<std::size_t, 2> KnownSizes>
class pool_subject final : public subject {
    using handle = typename Pool::packet_ptr;

public:
    void create(std::size_t pool, std::pmr::memory_resource& memory) override
    {
        if constexpr (requires { Source(memory); }) {
            pools_[pool].emplace(Source(memory));
        } else {
            pools_[pool].emplace();
        }
    }
    void destroy(std::size_t pool) override
    {
        pools_[pool].reset();
        earlier_[pool] = {};
    }
    void move_construct(std::size_t to, std::size_t from) override
    {
        pools_[to].emplace(std::move(*pools_[from]));
        earlier_[to] = std::exchange(earlier_[from], {});
    }
    void move_assign(std::size_t to, std::size_t from) override
    {
        *pools_[to] = std::move(*pools_[from]);
        earlier_[to] = std::exchange(earlier_[from], {});
    }

    void acquire(std::size_t pool, std::size_t size, std::size_t slot,
                 std::source_location where) override
    {
        handles_[slot] = pools_[pool]->acquire(size, where);
    }
    void acquire_known(std::size_t pool, std::size_t number, std::size_t slot) override
    {
        auto& from = *pools_[pool];
        handles_[slot] = number == 0 ? from.template acquire<KnownSizes[0]>()
                                     : from.template acquire<KnownSizes[1]>();
    }
    void acquire_batch(std::size_t pool, std::size_t size, std::size_t slot, std::size_t count,
                       std::source_location where) override
    {
        pools_[pool]->acquire(size, gsl::span<handle>(handles_).subspan(slot, count), where);
    }
    void acquire_missing(std::size_t pool, std::size_t size, std::size_t slot, std::size_t count,
                         std::source_location where) override
    {
        pools_[pool]->acquire_missing(size, gsl::span<handle>(handles_).subspan(slot, count),
                                      where);
    }
    void release(std::size_t pool, std::size_t slot) override
    {
        pools_[pool]->release(std::move(handles_[slot]));
    }
    void release_batch(std::size_t pool, std::size_t slot, std::size_t count) override
    {
        pools_[pool]->release(gsl::span<handle>(handles_).subspan(slot, count));
    }
    bool shrink(std::size_t pool, std::size_t slot, std::source_location where) override
    {
        return pools_[pool]->shrink_to_bucket(handles_[slot], where);
    }
    void drop(std::size_t slot) override { handles_[slot].reset(); }
    void reserve(std::size_t pool, std::size_t size, std::size_t packets) override
    {
        pools_[pool]->reserve(size, packets);
    }
    void decay(std::size_t pool) override { pools_[pool]->decay(); }
    void trim(std::size_t pool) override { pools_[pool]->trim(); }
    void detach(std::size_t pool) override { pools_[pool]->detach(); }

    [[nodiscard]] packet_view view(std::size_t slot) const override
    {
        return handles_[slot] ? view_of(*handles_[slot]) : packet_view{};
    }
    std::span<std::byte> change(std::size_t slot, action how, std::size_t bytes) override
    {
        return fuzz::change(*handles_[slot], how, bytes);
    }
    void fill(std::size_t slot, std::size_t size, std::size_t header_size,
              std::size_t sequence) override
    {
        fuzz::fill(*handles_[slot], size, header_size, sequence);
    }
    void idle(std::size_t pool, std::span<amount> into) const override
    {
        for (std::size_t i = 0; i + 1 < into.size(); ++i) {
            auto const bucket = pools_[pool]->idle(i);
            into[i] = {.count = bucket.count, .bytes = bucket.bytes};
        }
        auto const all = pools_[pool]->idle();
        into.back() = {.count = all.count, .bytes = all.bytes};
    }

    [[nodiscard]] counted_rows counted(std::size_t pool) const override
    {
        if constexpr (counts) {
            return rows_of(pools_[pool]->statistics());
        } else {
            return {};
        }
    }
    [[nodiscard]] counted_rows counted_since(std::size_t pool) override
    {
        if constexpr (counts) {
            auto const now = pools_[pool]->statistics();
            return rows_of(now - std::exchange(earlier_[pool], now));
        } else {
            return {};
        }
    }
    [[nodiscard]] std::vector<call_site_packets> recorded(std::size_t pool) const override
    {
        std::vector<call_site_packets> rows;
        if constexpr (requires { pools_[pool]->outstanding(); }) {
            for (auto const& [call_site, bucket, count] : pools_[pool]->outstanding()) {
                rows.push_back(
                    {.call_site = call_site_number(call_site), .bucket = bucket, .count = count});
            }
        }
        return rows;
    }

private:
    static constexpr bool counts = requires(Pool const& pool) { pool.statistics(); };
    struct nothing {};
    template <class P>
    struct snapshot : std::type_identity<nothing> {};
    template <class P>
        requires requires(P const& pool) { pool.statistics(); }
    struct snapshot<P> : std::type_identity<decltype(std::declval<P const&>().statistics())> {};

    static counted_rows rows_of(auto const& now)
    {
        counted_rows rows;
        for (auto const& each : now.buckets) {
            rows.push_back(counters_of(each));
        }
        rows.push_back(counters_of(now.above));
        rows.push_back(counters_of(now.total));
        return rows;
    }
    static counters counters_of(auto const& row)
    {
        return {.capacity = row.capacity,
                .hits = row.hits,
                .misses = row.misses,
                .kept = row.kept,
                .freed = row.freed,
                .drops = row.drops,
                .decayed = row.decayed,
                .trimmed = row.trimmed,
                .reserved = row.reserved,
                .remote = row.remote,
                .drained = row.drained,
                .outstanding = row.outstanding,
                .most_outstanding = row.most_outstanding,
                .idle = row.idle,
                .idle_bytes = row.idle_bytes};
    }

    std::array<typename snapshot<Pool>::type, pool_count> earlier_{};
    std::array<std::optional<Pool>, pool_count> pools_;
    std::vector<handle> handles_ = std::vector<handle>(slot_count);
};

} // namespace fuzz

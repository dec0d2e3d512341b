// The slab of basic_packet_slab and its slots.
export module pktpool:store.single_slab;

import pktpool.standard;
import :sizes.bucket;

namespace pktpool {

/// In place of a bucket policy: the constructor of the slab takes capacity and limit.
export struct runtime_bucket {};

template <class B>
concept one_bucket_policy = bucket_policy<B> && B::buckets.size() == 1;

/// A single slab, for every packet of its capacity, whatever its bucket index.
template <class Bucket, class Slab>
class single_slab {
public:
    static constexpr std::size_t buckets = 1;

    explicit single_slab(bucket const& of) noexcept
    {
        slab_.set_bucket(of, no_bucket);
        if constexpr (!at_run_time) {
            slab_.move_to(slots_.data());
        }
    }

    [[nodiscard]] Slab& operator[](std::size_t) noexcept { return slab_; }
    [[nodiscard]] Slab const& operator[](std::size_t) const noexcept { return slab_; }
    [[nodiscard]] std::span<Slab> all() noexcept { return std::span(&slab_, 1); }
    [[nodiscard]] std::span<Slab const> all() const noexcept { return std::span(&slab_, 1); }

    /// The slab, if the packet has its capacity.
    [[nodiscard]] Slab* find(auto const& packet) noexcept
    {
        if (packet.allocated != slab_.capacity()) {
            return nullptr;
        }
        allocate_slots();
        return &slab_;
    }

    /// Takes bucket and idle packets of another one. Contract: free_all() was called for this slab.
    void take_over(single_slab& other) noexcept
    {
        slab_.set_bucket({.size = other.slab_.capacity(), .limit = other.slab_.limit()}, no_bucket);
        slab_.take_over(other.slab_);
        if constexpr (at_run_time) {
            slots_ = std::move(other.slots_);
        } else {
            slab_.move_to(slots_.data());
            other.slab_.move_to(other.slots_.data());
        }
    }

private:
    static constexpr bool at_run_time = std::same_as<Bucket, runtime_bucket>;

    static constexpr std::size_t fixed_slots = [] {
        if constexpr (at_run_time) {
            return 0;
        } else {
            return Slab::own_slots(Bucket::buckets.front());
        }
    }();
    using slots = std::conditional_t<at_run_time, std::unique_ptr<typename Slab::packet_type*[]>,
                                     std::array<typename Slab::packet_type*, fixed_slots>>;

    /// The slots of a run-time limit are allocated with the first packet to store, so that neither
    /// a constructor nor a move can fail. Without memory for them the slab refuses the packet.
    void allocate_slots() noexcept
    {
        if constexpr (at_run_time) {
            if (!slots_) {
                auto const count =
                    Slab::own_slots({.size = slab_.capacity(), .limit = slab_.limit()});
                slots_.reset(new (std::nothrow) typename Slab::packet_type*[count]);
                if (slots_) {
                    slab_.move_to(slots_.get());
                }
            }
        }
    }

    Slab slab_;
    slots slots_{};
};

} // namespace pktpool

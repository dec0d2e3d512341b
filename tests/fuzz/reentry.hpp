// User code that calls its pool while the pool runs: a source and metadata that react to each call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <new>

namespace fuzz {

inline void reentry_expects(bool holds, char const* what)
{
    if (!holds) {
        std::fprintf(stderr, "fuzz: re-entry: %s\n", what);
        std::abort();
    }
}

/// Thrown by the constructor of metadata.
struct no_reentering_metadata : std::exception {};

/// Memory, and owners of packets, and the reaction to calls of the pool. One object at a time.
class reentering_user {
public:
    static inline reentering_user* now = nullptr;
    static constexpr std::size_t owners = 4;
    static constexpr std::size_t no_owner = owners;
    static constexpr std::size_t most_depth = 4; // of nested calls

    reentering_user() { now = this; }
    reentering_user(reentering_user const&) = delete;
    reentering_user& operator=(reentering_user const&) = delete;
    virtual ~reentering_user() { now = nullptr; }

    void* allocate(std::size_t bytes)
    {
        ++allocations_.at(depth_);
        if (react(true)) {
            throw std::bad_alloc();
        }
        void* const memory = ::operator new(bytes, alignment);
        blocks_.emplace(memory, bytes);
        return memory;
    }
    /// The pool no longer uses the memory, but the reaction may call the pool before it is freed.
    void deallocate(void* memory, std::size_t bytes)
    {
        ++deallocations_.at(depth_);
        auto const block = blocks_.find(memory);
        reentry_expects(block != blocks_.end(), "freed memory was allocated");
        reentry_expects(block->second == bytes, "freed memory has its size");
        blocks_.erase(block);
        react(false);
        ::operator delete(memory, alignment);
    }

    void construct_metadata()
    {
        if (react(true)) {
            throw no_reentering_metadata();
        }
        ++metadata_;
    }
    void copy_metadata() { ++metadata_; }
    void destroy_metadata()
    {
        --metadata_;
        react(false);
    }

    void refer_to(std::size_t owner) { references_.at(owner) += owner == no_owner ? 0 : 1; }
    void forget(std::size_t owner)
    {
        if (owner != no_owner && --references_.at(owner) == 0) {
            end_owner(owner);
        }
    }

protected:
    /// May call the pool. Returns whether the caller has to throw.
    virtual bool react(bool may_throw) = 0;
    /// Gives back all packets of the owner.
    virtual void end_owner(std::size_t owner) = 0;

    /// During a call of the pool.
    class deeper {
    public:
        explicit deeper(reentering_user& user) : depth_(&user.depth_) { ++*depth_; }
        deeper(deeper const&) = delete;
        deeper& operator=(deeper const&) = delete;
        ~deeper() { --*depth_; }

    private:
        std::size_t* depth_;
    };
    [[nodiscard]] std::size_t depth() const { return depth_; }

    /// Calls of the source so far by a call of the pool from this depth.
    [[nodiscard]] std::size_t allocations() const { return allocations_.at(depth_ + 1); }
    [[nodiscard]] std::size_t deallocations() const { return deallocations_.at(depth_ + 1); }

    [[nodiscard]] std::map<void*, std::size_t> const& blocks() const { return blocks_; }
    [[nodiscard]] std::size_t live_metadata() const { return metadata_; }

private:
    static constexpr std::align_val_t alignment{16};

    std::map<void*, std::size_t> blocks_; // and the bytes of each
    std::array<std::size_t, owners + 1> references_{};
    // Per depth; owners that end one another nest deeper than reactions.
    std::array<std::size_t, 4 * most_depth> allocations_{};
    std::array<std::size_t, 4 * most_depth> deallocations_{};
    std::size_t metadata_ = 0;
    std::size_t depth_ = 0;
};

struct reentering_source {
    static void* allocate(std::size_t bytes) { return reentering_user::now->allocate(bytes); }
    static void deallocate(void* memory, std::size_t bytes) noexcept
    {
        reentering_user::now->deallocate(memory, bytes);
    }
};

/// Refers to an owner of packets, as an intrusive pointer without a move: the last reference ends
/// the owner and gives back its packets.
class reentering_metadata {
public:
    reentering_metadata() { reentering_user::now->construct_metadata(); }
    reentering_metadata(reentering_metadata const& other) noexcept : owner_(other.owner_)
    {
        reentering_user::now->copy_metadata();
        reentering_user::now->refer_to(owner_);
    }
    reentering_metadata& operator=(reentering_metadata const& other) noexcept
    {
        refer_to(other.owner_);
        return *this;
    }
    ~reentering_metadata()
    {
        reentering_user::now->forget(owner_);
        reentering_user::now->destroy_metadata();
    }

    void refer_to(std::size_t owner) noexcept
    {
        auto const before = owner_;
        reentering_user::now->refer_to(owner);
        owner_ = owner;
        reentering_user::now->forget(before);
    }

private:
    std::size_t owner_ = reentering_user::no_owner;
};

} // namespace fuzz

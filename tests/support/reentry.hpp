// A source and metadata that run an action of the test whenever the pool calls them.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <new>
#include <utility>

/// Where a pool calls user code.
enum class point { allocate, deallocate, made, destroyed };

/// During its life the action runs at each call of one point except the first `from`, but not
/// within itself.
class interruption {
public:
    static constexpr std::size_t most = 500; ///< calls; the action does not run after that many
    static inline std::size_t calls = 0;

    interruption(point at, std::size_t from, std::function<void()> action)
    {
        calls = 0;
        at_ = at;
        from_ = from;
        action_ = std::move(action);
    }
    interruption(interruption const&) = delete;
    interruption& operator=(interruption const&) = delete;
    ~interruption() { action_ = nullptr; }

    static void call(point where)
    {
        if (!action_ || where != at_ || running_ || calls >= most || calls++ < from_) {
            return;
        }
        struct within {
            within() { running_ = true; }
            within(within const&) = delete;
            within& operator=(within const&) = delete;
            ~within() { running_ = false; }
        } const guard;
        action_();
    }

private:
    static inline point at_{};
    static inline std::size_t from_ = 0;
    static inline bool running_ = false;
    static inline std::function<void()> action_;
};

/// Counts down, then throws once.
class countdown {
public:
    void start(std::size_t good)
    {
        left_ = good;
        counts_ = true;
    }
    void step()
    {
        if (counts_ && left_-- == 0) {
            counts_ = false;
            throw std::bad_alloc();
        }
    }

private:
    std::size_t left_ = 0;
    bool counts_ = false;
};

struct calling_metadata {
    static inline countdown failure;
    int number = 0;

    calling_metadata()
    {
        interruption::call(point::made);
        failure.step();
    }
    calling_metadata(calling_metadata&& from) noexcept : number(from.number) {}
    calling_metadata& operator=(calling_metadata&& from) noexcept
    {
        number = from.number;
        return *this;
    }
    ~calling_metadata() { interruption::call(point::destroyed); }
};

/// Counts live blocks.
struct calling_source {
    static inline countdown failure;
    static inline std::size_t live = 0;
    static inline std::size_t allocated = 0;
    static inline std::size_t deallocated = 0;

    static void* allocate(std::size_t bytes)
    {
        interruption::call(point::allocate);
        failure.step();
        void* const memory = std::malloc(bytes);
        if (memory == nullptr) {
            throw std::bad_alloc();
        }
        ++live;
        ++allocated;
        return memory;
    }
    static void deallocate(void* memory, std::size_t) noexcept
    {
        interruption::call(point::deallocate);
        --live;
        ++deallocated;
        std::free(memory);
    }
};

// Metadata as a user might write it: it owns something, and its constructor may throw.
#pragma once

#include <cstddef>
#include <exception>
#include <limits>
#include <utility>

namespace fuzz {

/// Says so without a text, for which there might be no memory.
struct no_metadata : std::exception {};

/// What an own_metadata owns: counted as long as it is held.
class token {
public:
    static inline std::size_t alive = 0;

    token() = default;
    token(token&& other) noexcept : held_(std::exchange(other.held_, false)) {}
    token& operator=(token&& other) noexcept
    {
        std::swap(held_, other.held_);
        other.give_up();
        return *this;
    }
    ~token() { give_up(); }

    void take()
    {
        give_up();
        held_ = true;
        ++alive;
    }
    [[nodiscard]] bool held() const { return held_; }

private:
    void give_up()
    {
        if (std::exchange(held_, false)) {
            --alive;
        }
    }

    bool held_ = false;
};

struct own_metadata {
    static constexpr auto never = std::numeric_limits<std::size_t>::max();
    /// Constructions that succeed from now on; the one after them throws.
    static inline std::size_t successes_left = never;
    static inline std::size_t refused = 0;

    std::size_t sequence = count_down();
    token owned;

private:
    static std::size_t count_down()
    {
        if (successes_left == 0) {
            ++refused;
            throw no_metadata();
        }
        successes_left -= successes_left == never ? 0 : 1;
        return 0;
    }
};

} // namespace fuzz

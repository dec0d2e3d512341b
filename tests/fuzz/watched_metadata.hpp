// Metadata of a user that count constructions, moves and destructions.
#pragma once

#include <cstddef>
#include <exception>
#include <limits>
#include <utility>

#include "checked_lock.hpp"

namespace fuzz {

/// Without a text, because there may be no memory for one.
struct no_metadata : std::exception {};

/// Of all metadata with a token.
struct metadata_counts {
    static constexpr auto never = std::numeric_limits<std::size_t>::max();

    std::size_t constructed = 0; ///< as `Metadata{}`
    std::size_t moved = 0;       ///< or copied, by construction or by assignment
    std::size_t destroyed_under_lock = 0;
    std::size_t alive = 0;
    std::size_t owned = 0;   ///< references
    std::size_t refused = 0; ///< constructions that threw
    std::size_t successes_left = never;
};
inline metadata_counts watched;

/// What metadata own: one reference, after take(). A copy owns another one.
template <bool Moves>
class token {
public:
    token()
    {
        if (watched.successes_left == 0) {
            ++watched.refused;
            throw no_metadata();
        }
        watched.successes_left -= watched.successes_left == metadata_counts::never ? 0 : 1;
        ++watched.constructed;
        ++watched.alive;
    }
    token(token const& other) noexcept
        requires(!Moves)
        : held_(other.held_)
    {
        ++watched.alive;
        ++watched.moved;
        watched.owned += held_ ? 1 : 0;
    }
    token& operator=(token const& other) noexcept
        requires(!Moves)
    {
        ++watched.moved;
        hold(other.held_);
        return *this;
    }
    token(token&& other) noexcept
        requires Moves
        : held_(std::exchange(other.held_, false))
    {
        ++watched.alive;
        ++watched.moved;
    }
    token& operator=(token&& other) noexcept
        requires Moves
    {
        ++watched.moved;
        std::swap(held_, other.held_);
        other.hold(false);
        return *this;
    }
    ~token()
    {
        watched.destroyed_under_lock += checked_lock::held_locks > 0 ? 1 : 0;
        hold(false);
        --watched.alive;
    }

    void take() { hold(true); }
    [[nodiscard]] bool held() const { return held_; }

private:
    void hold(bool whether)
    {
        watched.owned += std::size_t{whether} - std::size_t{held_};
        held_ = whether;
    }

    bool held_ = false;
};

/// A move moves the reference.
struct owning_metadata {
    std::size_t sequence = 0;
    token<true> owned;
};

/// Like a hand-written intrusive pointer: with its own destructor, so a move is a copy.
struct copying_metadata {
    copying_metadata() = default;
    copying_metadata(copying_metadata const&) = default;
    copying_metadata& operator=(copying_metadata const&) = default;
    ~copying_metadata() { sequence = 0; }

    std::size_t sequence = 0;
    token<false> owned;
};

/// Without member initialisers.
struct bare_metadata {
    unsigned sequence;
    unsigned acked;
};

} // namespace fuzz

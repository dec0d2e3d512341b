// Threads that run one call at a time, so that the schedule of a script is the one of its bytes.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <semaphore>
#include <stop_token>
#include <thread>

namespace fuzz {

inline constexpr std::size_t thread_count = 3; // 0 is the thread of the fuzzer

/// A thread that runs a call while its caller waits.
class helper_thread {
public:
    template <class Call>
    void run(Call const& call)
    {
        call_ = [](void const* object) { (*static_cast<Call const*>(object))(); };
        object_ = &call;
        begin_.release();
        end_.acquire();
    }

    /// Begins at its first use.
    static helper_thread& numbered(std::size_t thread)
    {
        static std::array<std::optional<helper_thread>, thread_count> helpers;
        auto& helper = helpers.at(thread);
        return helper ? *helper : helper.emplace();
    }

    helper_thread() = default;
    helper_thread(helper_thread const&) = delete;
    helper_thread& operator=(helper_thread const&) = delete;
    ~helper_thread()
    {
        thread_.request_stop();
        begin_.release();
    }

private:
    void loop(std::stop_token const& over)
    {
        for (begin_.acquire(); !over.stop_requested(); begin_.acquire()) {
            call_(object_);
            end_.release();
        }
    }

    void (*call_)(void const*) = nullptr;
    void const* object_ = nullptr;
    std::binary_semaphore begin_{0};
    std::binary_semaphore end_{0};
    std::jthread thread_{[this](std::stop_token const& over) { loop(over); }};
};

/// Runs the call on the thread of that number.
template <class Call>
void run_on(std::size_t thread, Call const& call)
{
    if (thread == 0) {
        call();
    } else {
        helper_thread::numbered(thread).run(call);
    }
}

} // namespace fuzz

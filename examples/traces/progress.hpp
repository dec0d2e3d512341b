// A progress bar on stderr, only if stderr is a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <utility>

#if defined(_WIN32)
#    include <io.h>
#else
#    include <unistd.h>
#endif

class progress_bar {
public:
    explicit progress_bar(std::size_t steps) : steps_(steps) {}
    progress_bar(progress_bar const&) = delete;
    progress_bar& operator=(progress_bar const&) = delete;
    ~progress_bar() { clear(); }

    void step()
    {
        ++done_;
        // A run of less than a second needs no bar.
        if (terminal_ && std::chrono::steady_clock::now() - begin_ > std::chrono::seconds(1)) {
            static constexpr char full[] = "########################################";
            constexpr std::size_t width = sizeof full - 1;
            auto const filled = static_cast<int>(width * done_ / steps_);
            std::fprintf(stderr, "\r[%-*.*s] %zu/%zu", static_cast<int>(width), filled, full, done_,
                         steps_);
            drawn_ = true;
        }
    }

    void clear()
    {
        if (std::exchange(drawn_, false)) {
            std::fprintf(stderr, "\r%60s\r", "");
        }
    }

private:
    static bool is_terminal()
    {
#if defined(_WIN32)
        return _isatty(_fileno(stderr)) != 0;
#else
        return isatty(fileno(stderr)) != 0;
#endif
    }

    std::size_t steps_;
    std::size_t done_ = 0;
    bool drawn_ = false;
    bool terminal_ = is_terminal();
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

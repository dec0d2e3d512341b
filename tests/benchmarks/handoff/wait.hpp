// What a thread does that has to wait for another one.
#pragma once

#include <thread>

namespace bench {

/// Stays on the processor for a while, then lets other threads run: there may be more threads than
/// processors.
class patience {
public:
    void wait()
    {
        if (++waits_ % 128 == 0) {
            std::this_thread::yield();
            return;
        }
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }

private:
    unsigned waits_ = 0;
};

} // namespace bench

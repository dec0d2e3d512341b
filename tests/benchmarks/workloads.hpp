// Runs one workload on one contender; prints the nanoseconds per packet on stdout.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <exception>
#include <iterator>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#if defined(__GLIBC__)
#    include <malloc.h>
#endif

#include "contender.hpp"
#include "packet_trace.hpp"

namespace bench {

/// The compiler has to assume that `value` is read and all memory is changed: it can remove
/// nothing, and no state of a contender stays in a register between two packets.
inline void keep(void const* value)
{
    asm volatile("" : : "r"(value) : "memory");
}

/// The first write of a stack: a protocol header, or fewer bytes of a smaller packet.
inline void write_header(std::byte* data, std::size_t size)
{
    constexpr std::size_t header = 20;
    if (size >= header) [[likely]] {
        std::memset(data, 0x55, header); // two stores; a variable length would be a call
    } else {
        for (std::size_t i = 0; i < size; ++i) {
            data[i] = std::byte{0x55};
            keep(data);
        }
    }
    keep(data);
}

/// How long one process runs its workload: some seconds to measure nanoseconds, or a number
/// of repetitions if another tool counts.
struct effort {
    double seconds = 0.2;
    std::size_t repetitions = 0;
};

/// Nanoseconds per packet, if `work(n)` handles `packets` packets n times: the median of slices
/// that are long enough for the clock. An interruption by the machine affects one slice, not the
/// result.
template <std::invocable<std::size_t> F>
double measure(effort const& wanted, std::size_t packets, F&& work)
{
    if (wanted.repetitions != 0) {
        work(wanted.repetitions);
        return 0;
    }
    // Processor time of this process: other programs may use the machine.
    auto const slice = [&](std::size_t repetitions) {
        auto const begin = std::clock();
        work(repetitions);
        return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    };

    constexpr double shortest = 0.001; // a thousand ticks of the clock
    std::size_t repetitions = 1;       // per slice
    double last = 0;
    for (double warm = 0; warm < wanted.seconds / 4 || last < shortest; warm += last) {
        last = slice(repetitions);
        repetitions *= last < shortest ? 2 : 1;
    }
    std::vector<double> slices;
    for (double spent = 0; spent < wanted.seconds || slices.size() < 5; spent += last) {
        last = slice(repetitions);
        slices.push_back(last);
    }
    std::ranges::nth_element(slices, slices.begin() + std::ssize(slices) / 2);
    return slices[slices.size() / 2] * 1e9 / static_cast<double>(repetitions * packets);
}

// The measured loops are functions of their own, never inlined: code of the rest of the program
// must not use their registers. Each repeats its work, so that the call itself
// costs nothing measurable.

template <contender C>
using handles = std::span<typename C::handle>;

template <contender C>
[[gnu::noinline]] void replay(C& pool, handles<C> slots, std::span<trace_record const> records)
{
    using enum trace_record::operation;
    for (auto const& each : records) {
        switch (each.op) {
        case acquire:
            slots[each.slot] = pool.acquire(each.size);
            write_header(C::data(slots[each.slot]), each.size);
            break;
        case release:
            pool.release(std::move(slots[each.slot]));
            break;
        case drop:
            slots[each.slot].reset();
            break;
        case decay:
            pool.decay();
            break;
        }
    }
    for (auto& each : slots) { // outstanding packets at the end of a trace
        each.reset();
    }
}

/// A real transfer from a new pool to its end: each repetition also allocates the memory and frees
/// all of it, if the contender frees memory.
template <contender C>
double trace(effort const& wanted, std::string const& path)
{
    auto const trace = read_trace(path);
    std::size_t acquires = 0;
    for (auto const& each : trace.records) {
        bool const acquire = each.op == trace_record::operation::acquire;
        acquires += acquire;
        if (acquire && each.size > capacities.back()) {
            throw std::runtime_error(path + " asks for more than the largest bucket");
        }
    }
    std::vector<typename C::handle> slots(trace.slots);
    return measure(wanted, acquires, [&](std::size_t repetitions) {
        for (; repetitions > 0; --repetitions) {
            C pool(trace.slots);
            keep(&pool);
            replay<C>(pool, slots, trace.records);
        }
    });
}

template <contender C>
[[gnu::noinline]] void acquire_then_release(C& pool, handles<C> slots, std::size_t repetitions)
{
    for (; repetitions > 0; --repetitions) {
        for (auto& each : slots) {
            each = pool.acquire(capacities.back());
            keep(C::data(each));
        }
        for (auto& each : slots) {
            pool.release(std::move(each));
        }
    }
}

/// Acquires `count` packets one by one, then releases them in the same order.
template <contender C>
double burst(effort const& wanted, std::size_t count)
{
    C pool(count);
    keep(&pool);
    std::vector<typename C::handle> slots(count);
    return measure(wanted, count, [&](std::size_t repetitions) {
        acquire_then_release<C>(pool, slots, repetitions);
    });
}

template <class C>
concept batch_contender = contender<C> && requires(C memory, std::size_t size, handles<C> packets) {
    memory.acquire(size, packets);
    memory.release(packets);
};

template <batch_contender C>
[[gnu::noinline]] void acquire_then_release_all(C& pool, handles<C> slots, std::size_t repetitions)
{
    for (; repetitions > 0; --repetitions) {
        pool.acquire(capacities.back(), slots);
        for (auto& each : slots) {
            keep(C::data(each));
        }
        pool.release(slots);
    }
}

/// The same with one call for the acquires and one for the releases.
template <contender C>
double batch(effort const& wanted, std::size_t count)
{
    if constexpr (batch_contender<C>) {
        C pool(count);
        keep(&pool);
        std::vector<typename C::handle> slots(count);
        return measure(wanted, count, [&](std::size_t repetitions) {
            acquire_then_release_all<C>(pool, slots, repetitions);
        });
    } else {
        throw std::invalid_argument("this contender has no batches");
    }
}

template <contender C>
[[gnu::noinline]] void replace_oldest(C& pool, handles<C> slots, std::size_t repetitions)
{
    constexpr std::size_t size = capacities.back();
    for (; repetitions > 0; --repetitions) {
        for (auto& oldest : slots) {
            pool.release(std::move(oldest));
            oldest = pool.acquire(size);
            std::memset(C::data(oldest), 0x55, size);
            keep(C::data(oldest));
        }
    }
}

/// `count` packets are outstanding: the oldest is released, the next is acquired and filled.
template <contender C>
double window(effort const& wanted, std::size_t count)
{
    C pool(count);
    keep(&pool);
    std::vector<typename C::handle> slots(count);
    return measure(wanted, count,
                   [&](std::size_t repetitions) { replace_oldest<C>(pool, slots, repetitions); });
}

/// Random sizes of all buckets, so many that no branch predictor learns the order.
inline std::vector<std::uint16_t> random_sizes()
{
    constexpr std::size_t count = 1 << 18;
    std::mt19937 random(20250101);
    std::array<std::uniform_int_distribution<unsigned>, 3> const in_bucket{
        std::uniform_int_distribution<unsigned>(capacities[0], capacities[0]),
        std::uniform_int_distribution<unsigned>(capacities[0] + 1, capacities[1]),
        std::uniform_int_distribution<unsigned>(capacities[1] + 1, capacities[2])};
    std::uniform_int_distribution<std::size_t> bucket(0, 2);
    std::vector<std::uint16_t> sizes(count);
    for (auto& each : sizes) {
        auto draw = in_bucket[bucket(random)];
        each = static_cast<std::uint16_t>(draw(random));
    }
    return sizes;
}

template <contender C>
[[gnu::noinline]] void replace_oldest(C& pool, handles<C> slots,
                                      std::span<std::uint16_t const> sizes, std::size_t repetitions)
{
    for (; repetitions > 0; --repetitions) {
        std::size_t oldest = 0;
        for (auto const size : sizes) {
            pool.release(std::move(slots[oldest]));
            slots[oldest] = pool.acquire(size);
            write_header(C::data(slots[oldest]), size);
            oldest = oldest + 1 < slots.size() ? oldest + 1 : 0;
        }
    }
}

/// Random sizes with `count` packets outstanding, the oldest is released first.
template <contender C>
double mix(effort const& wanted, std::size_t count)
{
    auto const sizes = random_sizes();
    C pool(count);
    keep(&pool);
    std::vector<typename C::handle> slots(count);
    return measure(wanted, sizes.size(), [&](std::size_t repetitions) {
        replace_oldest<C>(pool, slots, sizes, repetitions);
    });
}

/// In a long-running process freed memory stays with the C library, because other memory lies above
/// it. In this program it would return to the kernel after each transfer and come back page by
/// page, which would dominate the measurement. Other mallocs keep freed memory anyway.
inline void keep_freed_memory()
{
#if defined(__GLIBC__)
    constexpr int all = 1 << 30;
    mallopt(M_TRIM_THRESHOLD, all);
    mallopt(M_MMAP_THRESHOLD, all);
#endif
}

/// `bench_CONTENDER WORKLOAD FILE-OR-COUNT [seconds S | repetitions N]`
template <contender C>
int run(int argc, char** argv)
try {
    std::vector<std::string> const args(argv + 1, argv + argc);
    if (args.size() != 2 && args.size() != 4) {
        throw std::invalid_argument(
            "usage: trace FILE | burst N | batch N | window N | mix N, then "
            "[seconds S | repetitions N]");
    }
    effort wanted;
    if (args.size() == 4 && args[2] == "seconds") {
        wanted.seconds = std::stod(args[3]);
    } else if (args.size() == 4 && args[2] == "repetitions") {
        wanted.repetitions = std::stoul(args[3]);
    }
    auto const count = [&] { return std::max(1UL, std::stoul(args[1])); };
    keep_freed_memory();
    auto const& name = args[0];
    double const ns = name == "trace"    ? trace<C>(wanted, args[1])
                      : name == "burst"  ? burst<C>(wanted, count())
                      : name == "batch"  ? batch<C>(wanted, count())
                      : name == "window" ? window<C>(wanted, count())
                      : name == "mix"    ? mix<C>(wanted, count())
                                         : throw std::invalid_argument("no workload " + name);
    std::printf("%.4f\n", ns);
    return 0;
} catch (std::exception const& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 2;
}

} // namespace bench

// One workload on one contender in a process of its own; the nanoseconds of a packet on stdout.
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

/// The compiler has to assume that `value` is looked at and any memory is changed: nothing can be
/// left out, and no contender's state can stay in a register from one packet to the next.
inline void keep(void const* value)
{
    asm volatile("" : : "r"(value) : "memory");
}

/// What a stack writes first: a protocol header, or the little that was asked for.
inline void write_header(std::byte* data, std::size_t size)
{
    constexpr std::size_t header = 20;
    if (size >= header) [[likely]] {
        std::memset(data, 0x55, header); // two stores; a length that varies would be a call
    } else {
        for (std::size_t i = 0; i < size; ++i) {
            data[i] = std::byte{0x55};
            keep(data);
        }
    }
    keep(data);
}

/// How long one process runs its workload: for a time when nanoseconds are asked for, or a number
/// of repetitions when another tool counts.
struct effort {
    double seconds = 0.2;
    std::size_t repetitions = 0;
};

/// Nanoseconds of a packet, when `work(n)` does something with `packets` packets n times: the
/// median of slices that are long enough for the clock, so that an interruption by the machine
/// spoils a slice and not the number.
template <std::invocable<std::size_t> F>
double measure(effort const& wanted, std::size_t packets, F&& work)
{
    if (wanted.repetitions != 0) {
        work(wanted.repetitions);
        return 0;
    }
    // Seconds of this process on a processor: others may want the machine meanwhile.
    auto const slice = [&](std::size_t repetitions) {
        auto const begin = std::clock();
        work(repetitions);
        return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    };

    constexpr double shortest = 0.001; // a thousand ticks of the clock
    std::size_t repetitions = 1;       // in a slice
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

// The loops that are measured are functions of their own, never inlined: what the compiler makes of
// the rest of the program must not touch their registers. Each repeats itself, so that the call
// weighs nothing.

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
    for (auto& each : slots) { // what a trace leaves outstanding
        each.reset();
    }
}

/// The course of a real transfer, from a new pool to the end of it: each repetition also asks for
/// the memory and gives it all back, as far as the contender does so at all.
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

/// The same with one call each way.
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

/// `count` packets outstanding: the oldest is released, the next is acquired and filled.
template <contender C>
double window(effort const& wanted, std::size_t count)
{
    C pool(count);
    keep(&pool);
    std::vector<typename C::handle> slots(count);
    return measure(wanted, count,
                   [&](std::size_t repetitions) { replace_oldest<C>(pool, slots, repetitions); });
}

/// Sizes of all buckets, drawn beforehand in so long a row that no branch predictor learns it.
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

/// Random sizes with `count` packets outstanding, oldest released first.
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

/// A process that lives on has other memory above that of a transfer: what is freed stays with the
/// C library. Here it would go to the kernel after each transfer and come back page by page, and
/// that would be all that is measured. Other mallocs keep it by themselves.
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

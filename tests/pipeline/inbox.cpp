// The queues between the threads of the pipeline.
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "inbox.hpp"

namespace {

using item = std::unique_ptr<std::size_t>;

} // namespace

TEST_CASE("inbox: a full queue refuses an item, which stays the sender's")
{
    pipeline::inbox<item> inbox(2, 3);
    for (std::size_t i = 0; i < 3; ++i) {
        CHECK(inbox.push(0, std::make_unique<std::size_t>(i)));
    }
    auto refused = std::make_unique<std::size_t>(3);
    CHECK_FALSE(inbox.push(0, std::move(refused)));
    REQUIRE(refused);
    CHECK(inbox.push(1, std::move(refused)));
    CHECK_FALSE(refused);

    std::array<item, 1> taken;
    CHECK(inbox.take(taken) == 1);
    CHECK(inbox.take(taken) == 1);
    CHECK(inbox.push(0, std::make_unique<std::size_t>(4)));
}

TEST_CASE("inbox: items before an end are taken, then every call reports the end")
{
    pipeline::inbox<int> inbox(2, 8);
    inbox.end();
    for (int i = 0; i < 5; ++i) {
        CHECK(inbox.push(1, int{i}));
    }
    inbox.end();

    std::array<int, 3> taken{};
    CHECK(inbox.take(taken) == 3);
    CHECK(taken == std::array{0, 1, 2});
    CHECK(inbox.take(taken) == 2);
    CHECK(taken == std::array{3, 4, 2});
    CHECK(inbox.take(taken) == 0);
    CHECK(inbox.take(taken) == 0);
}

TEST_CASE("inbox: no sender waits for the queue of another to be empty")
{
    pipeline::inbox<int> inbox(3, 4);
    for (int i = 0; i < 4; ++i) {
        CHECK(inbox.push(0, int{i}));
        CHECK(inbox.push(2, 10 + i));
    }
    std::array<int, 4> taken{};
    CHECK(inbox.take(taken) == 4);
    CHECK(taken == std::array{10, 0, 11, 1});
}

TEST_CASE("inbox: items that nobody took are destroyed")
{
    auto const shared = std::make_shared<int>(1);
    {
        pipeline::inbox<std::shared_ptr<int>> inbox(1, 4);
        CHECK(inbox.push(0, std::shared_ptr(shared)));
        CHECK(inbox.push(0, std::shared_ptr(shared)));
        CHECK(shared.use_count() == 3);
    }
    CHECK(shared.use_count() == 1);
}

TEST_CASE("inbox: every item of every thread arrives once, and in the order of its sender")
{
    constexpr std::size_t senders = 3;
    constexpr std::size_t each = 20000;
    pipeline::inbox<item> inbox(senders, 16);
    std::vector<std::thread> threads;
    threads.reserve(senders);
    for (std::size_t sender = 0; sender < senders; ++sender) {
        threads.emplace_back([&inbox, sender] {
            for (std::size_t i = 0; i < each; ++i) {
                auto next = std::make_unique<std::size_t>(sender * each + i);
                while (!inbox.push(sender, std::move(next))) {
                    std::this_thread::yield();
                }
            }
            inbox.end();
        });
    }
    std::array<std::size_t, senders> next{};
    bool in_order = true;
    std::array<item, 8> batch;
    while (auto const count = inbox.take(batch)) {
        for (auto const& taken : std::span(batch).first(count)) {
            in_order = in_order && *taken % each == next.at(*taken / each)++;
        }
    }
    for (auto& thread : threads) {
        thread.join();
    }
    CHECK(in_order);
    CHECK(next == std::array{each, each, each});
}

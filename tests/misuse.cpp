// Breaks one contract a run, the one that is named on the command line.
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

import pktpool;

namespace
{

template <class Use>
void on_another_thread(Use use)
{
    std::thread(std::move(use)).join();
}

void break_contract(std::string_view which)
{
    pktpool::packet_pool pool;
    auto p = pool.acquire(100); // binds the pool to this thread
    if (which == "acquire") {
        on_another_thread([&] { auto q = pool.acquire(1); });
    } else if (which == "acquire_static") {
        on_another_thread([&] { auto q = pool.acquire<1>(); });
    } else if (which == "release") {
        on_another_thread([&] { pool.release(std::move(p)); });
    } else if (which == "decay") {
        on_another_thread([&] { pool.decay(); });
    } else if (which == "move") {
        on_another_thread([&] { auto moved = std::move(pool); });
    } else if (which == "move_assign") {
        on_another_thread([&] { pool = pktpool::packet_pool(); });
    } else if (which == "second_thread") {
        // The first thread has ended; the second may well get its std::thread::id.
        pool.detach();
        on_another_thread([&] { pool.decay(); });
        on_another_thread([&] { pool.decay(); });
    } else if (which == "slab") {
        pktpool::basic_packet_slab<pktpool::runtime_bucket, pktpool::single_threaded> slab(100);
        slab.decay();
        on_another_thread([&] { slab.decay(); });
    } else if (which == "size") {
        p->size = 600; // the bucket has 548
        std::printf("%zu", p->used().size());
    } else if (which == "header_size") {
        p->size = 10;
        p->header_size = 11;
        std::printf("%zu", p->payload().size());
    } else if (which == "span") {
        std::printf("%d", std::to_integer<int>(p->buffer()[548]));
    } else if (which == "bucket") {
        std::printf("%zu", pool.idle(3).count);
    } else if (which == "nothing") {
        pool.release(std::move(p));
    }
}

} // namespace

int main(int argc, char** argv)
{
    break_contract(argc > 1 ? argv[1] : "");
    std::puts("survived");
}

// One sample of oneTBB's flow graph, with a continue_node per task.
//
// flow THREADS ROUNDS WARM_UP_MS EDGES [trace] < GRAPH
//
// EDGES is the order in which edges are added: `forwards` by the number of the task that depends, as
// one would write it, or `backwards`. oneTBB goes on with the successor that was added last: on a
// large grid, backwards makes it walk memory along the rows, which is several times faster.
//
// The graph is a row of native u32: the number of tasks, the number of dependencies, for each task
// how many ns it spins, for each task where its dependencies end, and the dependencies.
//
// Prints two numbers, ns per task: building the graph, and running it (the mean of the rounds).
// With `trace`, a second line has the tasks of all runs in the order in which they were done.

#if !__has_include(<oneapi/tbb/flow_graph.h>)
#error "oneTBB is not installed: Debian's package is libtbb-dev"
#else

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string_view>
#include <vector>

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

namespace flow = oneapi::tbb::flow;
using Clock = std::chrono::steady_clock;

struct Trace {
    std::mutex mutex;
    std::vector<std::uint32_t> tasks;
};

// 16 bytes, as in the Rust contenders.
struct Work {
    std::uint32_t nanos;
    std::uint32_t task;
    Trace* trace;

    void run() const {
        std::uint32_t spin = nanos;
        asm volatile("" : "+r"(spin)); // hides from the compiler whether there is anything to do
        if (spin > 0) {
            const auto start = Clock::now();
            while (Clock::now() - start < std::chrono::nanoseconds(spin)) {
            }
        }
        if (trace) {
            const std::lock_guard<std::mutex> lock(trace->mutex);
            trace->tasks.push_back(task);
        }
    }
};

struct Deps {
    std::vector<std::uint32_t> nanos;
    std::vector<std::uint32_t> ends;
    std::vector<std::uint32_t> flat;

    std::uint32_t start(std::uint32_t task) const { return task == 0 ? 0 : ends[task - 1]; }
};

class Graph {
public:
    Graph(const Deps& deps, bool backwards, Trace* trace) {
        const std::uint32_t tasks = deps.nanos.size();
        for (std::uint32_t task = 0; task < tasks; ++task) {
            const Work work{deps.nanos[task], task, trace};
            nodes.emplace_back(graph, [work](const flow::continue_msg&) { work.run(); });
            if (deps.start(task) == deps.ends[task]) {
                sources.push_back(&nodes.back());
            }
        }
        for (std::uint32_t place = 0; place < tasks; ++place) {
            const std::uint32_t task = backwards ? tasks - 1 - place : place;
            for (std::uint32_t dep = deps.start(task); dep < deps.ends[task]; ++dep) {
                flow::make_edge(nodes[deps.flat[dep]], nodes[task]);
            }
        }
    }

    void run() {
        for (auto* source : sources) {
            source->try_put(flow::continue_msg());
        }
        graph.wait_for_all();
    }

private:
    using Node = flow::continue_node<flow::continue_msg>;
    flow::graph graph;
    std::deque<Node> nodes;
    std::vector<Node*> sources;
};

static std::vector<std::uint32_t> read(std::size_t count) {
    std::vector<std::uint32_t> numbers(count);
    if (std::fread(numbers.data(), sizeof(std::uint32_t), count, stdin) != count) {
        std::fputs("the graph is cut short\n", stderr);
        std::exit(1);
    }
    return numbers;
}

static Deps read_deps() {
    const auto counts = read(2);
    Deps deps;
    deps.nanos = read(counts[0]);
    deps.ends = read(counts[0]);
    deps.flat = read(counts[1]);
    return deps;
}

static double nanos_since(Clock::time_point start) {
    return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

struct Args {
    int threads;
    int rounds;
    double warm_up_ms;
    bool backwards;
    bool trace;
};

static void sample(const Args& args, Trace* trace) {
    const Deps deps = read_deps();
    const double tasks = deps.nanos.size();

    auto start = Clock::now();
    Graph graph(deps, args.backwards, trace);
    const double build = nanos_since(start);

    start = Clock::now();
    do {
        graph.run();
    } while (nanos_since(start) < args.warm_up_ms * 1e6);

    start = Clock::now();
    for (int round = 0; round < args.rounds; ++round) {
        graph.run();
    }
    const double runs = nanos_since(start);
    std::printf("%.3f %.3f\n", build / tasks, runs / args.rounds / tasks);
}

int main(int argc, char** argv) {
    if (argc < 5) {
        std::fputs("usage: flow THREADS ROUNDS WARM_UP_MS EDGES [trace] < GRAPH\n", stderr);
        return 2;
    }
    const bool backwards = std::string_view(argv[4]) == "backwards";
    const Args args{std::atoi(argv[1]), std::atoi(argv[2]), std::atof(argv[3]), backwards, argc > 5};

    namespace tbb = oneapi::tbb;
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, args.threads);
    tbb::task_arena arena(args.threads);
    Trace trace;
    arena.execute([&] { sample(args, args.trace ? &trace : nullptr); });
    for (const auto task : trace.tasks) {
        std::printf("%u ", task);
    }
    return 0;
}

#endif

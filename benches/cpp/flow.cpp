// One sample of oneTBB's flow graph, with a continue_node per task.
//
// flow THREADS ROUNDS WARM_UP_MS EDGES WORK [trace] < GRAPH
//
// EDGES is the order in which edges are added: `forwards` by the number of the task that depends, as
// one would write it, or `backwards`. oneTBB goes on with the successor that was added last: on a
// large grid, backwards makes it walk memory along the rows, which is several times faster.
//
// WORK is what a node does: `plain`, the task alone, or `recorded`, what dojobber does for a job whose
// check fails, whose run does nothing, and whose recheck passes: three calls through a pointer, each
// with what it throws caught, a stamp and a record; a status for every job; and a report of all that,
// made and dropped by every run.
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
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include <oneapi/tbb/flow_graph.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

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

// The cheapest clock that there is, as in dojobber.
static std::uint64_t stamp() {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return Clock::now().time_since_epoch().count();
#endif
}

// What one phase has come to. It began where the phase before it on this thread ended, or where the
// task did.
struct Record {
    std::uint64_t end;
    std::uint32_t task;
    std::uint8_t phase;
    bool passed;
    bool thrown;
};

enum class Status : std::uint8_t { Unknown, Satisfied, Changed, Failed };

// What a run leaves: a log for each thread, a status for each job.
struct Report {
    // on a cache line of its own, and on the one that is fetched along with it
    struct alignas(128) Log {
        std::vector<Record> records;
    };

    // room for all records in every log: none has to grow
    Report(std::size_t threads, std::size_t tasks) : logs(threads), statuses(tasks, Status::Unknown) {
        for (auto& log : logs) {
            log.records.reserve(3 * tasks);
        }
    }

    std::vector<Log> logs;
    std::vector<Status> statuses;
};

// Somebody else's code: the compiler sees only that it is called.
struct Job {
    virtual ~Job() = default;
    virtual bool check(bool again) = 0;
    virtual void run() = 0;
};

struct Changed final : Job {
    explicit Changed(const Work& work) : work(work) {}

    bool check(bool again) override {
        if (again) {
            work.run();
        }
        return again;
    }
    void run() override {}

    Work work;
};

// Calls one phase and writes down what came of it.
template <typename Phase>
static bool recorded(std::vector<Record>& log, std::uint32_t task, std::uint8_t number, Phase phase) {
    bool passed = false;
    bool thrown = false;
    try {
        passed = phase();
    } catch (...) {
        thrown = true;
    }
    log.push_back({stamp(), task, number, passed, thrown});
    return passed;
}

// One try: check, run, recheck.
static void attempt(Job& job, std::uint32_t task, Report& report) {
    auto& log = report.logs[oneapi::tbb::this_task_arena::current_thread_index()].records;
    auto status = Status::Satisfied;
    if (!recorded(log, task, 0, [&] { return job.check(false); })) {
        recorded(log, task, 1, [&] { job.run(); return true; });
        const bool passed = recorded(log, task, 2, [&] { return job.check(true); });
        status = passed ? Status::Changed : Status::Failed;
    }
    report.statuses[task] = status;
}

struct Deps {
    std::vector<std::uint32_t> nanos;
    std::vector<std::uint32_t> ends;
    std::vector<std::uint32_t> flat;

    std::uint32_t start(std::uint32_t task) const { return task == 0 ? 0 : ends[task - 1]; }
};

struct Args {
    int threads;
    int rounds;
    double warm_up_ms;
    bool backwards;
    bool is_recorded;
    bool trace;
};

class Graph {
public:
    Graph(const Deps& deps, const Args& args, Trace* trace)
        : threads(args.threads), tasks(deps.nanos.size()), is_recorded(args.is_recorded) {
        for (std::uint32_t task = 0; task < tasks; ++task) {
            const Work work{deps.nanos[task], task, trace};
            if (is_recorded) {
                jobs.push_back(std::make_unique<Changed>(work));
                Job* job = jobs.back().get();
                nodes.emplace_back(graph, [this, job, task](const flow::continue_msg&) {
                    attempt(*job, task, *report);
                });
            } else {
                nodes.emplace_back(graph, [work](const flow::continue_msg&) { work.run(); });
            }
            if (deps.start(task) == deps.ends[task]) {
                sources.push_back(&nodes.back());
            }
        }
        for (std::uint32_t place = 0; place < tasks; ++place) {
            const std::uint32_t task = args.backwards ? tasks - 1 - place : place;
            for (std::uint32_t dep = deps.start(task); dep < deps.ends[task]; ++dep) {
                flow::make_edge(nodes[deps.flat[dep]], nodes[task]);
            }
        }
    }

    void run() {
        execute();
        report.reset();
    }

    // One more run, whose report must be complete.
    bool is_reported() {
        execute();
        std::size_t records = 0;
        for (const auto& log : report->logs) {
            for (std::size_t at = 0; at < log.records.size(); ++at, ++records) {
                const auto& record = log.records[at];
                const bool is_later = at == 0 || record.end >= log.records[at - 1].end;
                if (record.phase != at % 3 || record.passed != (at % 3 > 0) || record.thrown || !is_later) {
                    return false;
                }
            }
        }
        for (const auto status : report->statuses) {
            if (status != Status::Changed) {
                return false;
            }
        }
        return records == 3 * tasks;
    }

private:
    using Node = flow::continue_node<flow::continue_msg>;

    void execute() {
        if (is_recorded) {
            report = std::make_unique<Report>(threads, tasks);
        }
        for (auto* source : sources) {
            source->try_put(flow::continue_msg());
        }
        graph.wait_for_all();
    }

    std::size_t threads;
    std::size_t tasks;
    bool is_recorded;
    std::unique_ptr<Report> report;
    std::vector<std::unique_ptr<Job>> jobs;
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

static void sample(const Args& args, Trace* trace) {
    const Deps deps = read_deps();
    const double tasks = deps.nanos.size();

    auto start = Clock::now();
    Graph graph(deps, args, trace);
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
    if (args.is_recorded && !graph.is_reported()) {
        std::fputs("the report is not complete\n", stderr);
        std::exit(1);
    }
    std::printf("%.3f %.3f\n", build / tasks, runs / args.rounds / tasks);
}

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fputs("usage: flow THREADS ROUNDS WARM_UP_MS EDGES WORK [trace] < GRAPH\n", stderr);
        return 2;
    }
    const bool backwards = std::string_view(argv[4]) == "backwards";
    const bool is_recorded = std::string_view(argv[5]) == "recorded";
    const Args args{
        std::atoi(argv[1]), std::atoi(argv[2]), std::atof(argv[3]), backwards, is_recorded, argc > 6,
    };

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

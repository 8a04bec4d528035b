#include "gbench.h"

#include <benchmark/benchmark.h>

extern "C" {
#include "json_text.h"
}

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <new>
#include <sstream>
#include <string>
#include <vector>

namespace
{

using Reporter = benchmark::BenchmarkReporter;

benchmark::State *state_of(cb_state *state)
{
    return reinterpret_cast<benchmark::State *>(state);
}

const benchmark::State *state_of(const cb_state *state)
{
    return reinterpret_cast<const benchmark::State *>(state);
}

// JSON has no NaN, which libbenchmark 1.7.1 writes all the same: as the variation of a counter that is 0, for example.
void set_number(json_t *row, const std::string &key, double value)
{
    if (std::isfinite(value)) {
        json_object_set_new(row, key.c_str(), json_real(value));
        return;
    }
    json_object_set_new(row, key.c_str(), json_null());
    json_object_set_new(row, (key + "_reason").c_str(), json_string(std::isnan(value) ? "not a number" : "infinite"));
}

void set_text(json_t *row, const char *key, const std::string &value)
{
    json_object_set_new(row, key, json_string(value.c_str()));
}

void set_count(json_t *row, const char *key, int64_t value)
{
    json_object_set_new(row, key, json_integer(value));
}

// What 1.7 calls error_occurred and error_message is skipped and skip_message since 1.8. Overloads take the one that is
// there.
template <class AnyRun> auto has_failed(const AnyRun &run, int) -> decltype(bool(run.error_occurred))
{
    return run.error_occurred;
}

template <class AnyRun> auto has_failed(const AnyRun &run, long) -> decltype(bool(run.skipped))
{
    return bool(run.skipped);
}

// The library asks for a suffix since 1.8, too, and takes none before.
template <class AnyRun> auto seconds_suffix(const AnyRun &run, int) -> decltype(void(run.error_message), std::string())
{
    return "";
}

template <class AnyRun> auto seconds_suffix(const AnyRun &run, long) -> decltype(void(run.skip_message), std::string())
{
    return "s";
}

template <class AnyRun> auto message_of(const AnyRun &run, int) -> decltype(std::string(run.error_message))
{
    return run.error_message;
}

template <class AnyRun> auto message_of(const AnyRun &run, long) -> decltype(std::string(run.skip_message))
{
    return run.skip_message;
}

// The keys and their order are those of the library's own JSON.
json_t *row_of(const Reporter::Run &run)
{
    json_t *row = json_object();
    bool aggregate = run.run_type == Reporter::Run::RT_Aggregate;
    set_text(row, "name", run.benchmark_name());
    set_count(row, "family_index", run.family_index);
    set_count(row, "per_family_instance_index", run.per_family_instance_index);
    set_text(row, "run_name", run.run_name.str());
    set_text(row, "run_type", aggregate ? "aggregate" : "iteration");
    set_count(row, "repetitions", run.repetitions);
    if (!aggregate) set_count(row, "repetition_index", run.repetition_index);
    set_count(row, "threads", run.threads);
    if (aggregate) {
        set_text(row, "aggregate_name", run.aggregate_name);
        set_text(row, "aggregate_unit", run.aggregate_unit == benchmark::kTime ? "time" : "percentage");
    }
    if (has_failed(run, 0)) {
        json_object_set_new(row, "error_occurred", json_true());
        set_text(row, "error_message", message_of(run, 0));
        return row;
    }
    bool share = aggregate && run.aggregate_unit == benchmark::kPercentage;
    set_count(row, "iterations", run.iterations);
    set_number(row, "real_time", share ? run.real_accumulated_time : run.GetAdjustedRealTime());
    set_number(row, "cpu_time", share ? run.cpu_accumulated_time : run.GetAdjustedCPUTime());
    set_text(row, "time_unit", benchmark::GetTimeUnitString(run.time_unit));
    for (const auto &counter : run.counters) set_number(row, counter.first, counter.second);
    if (!run.report_label.empty()) set_text(row, "label", run.report_label);
    return row;
}

class RowReporter : public Reporter
{
  public:
    RowReporter(const cb_gbench_cases &cases, const std::map<std::string, size_t> &indexes)
        : cases_(cases), indexes_(indexes), rows_(nullptr), index_(0)
    {
    }

    bool ReportContext(const Context &) override { return true; }

    // The library calls this for the repetitions of a case, and again for their aggregates.
    void ReportRuns(const std::vector<Run> &runs) override
    {
        if (runs.empty()) return;
        size_t index = indexes_.at(runs[0].run_name.function_name);
        if (rows_ && index != index_) Finalize();
        if (!rows_) rows_ = json_array();
        index_ = index;
        for (const Run &run : runs) json_array_append_new(rows_, row_of(run));
    }

    void Finalize() override
    {
        if (rows_) cases_.report(cases_.context, index_, rows_);
        json_decref(rows_);
        rows_ = nullptr;
    }

  private:
    const cb_gbench_cases &cases_;
    const std::map<std::string, size_t> &indexes_;
    json_t *rows_; // of the case that is being reported
    size_t index_;
};

void register_case(const cb_gbench_cases &cases, size_t index)
{
    auto measure = [&cases, index](benchmark::State &state) {
        cases.measure(cases.context, index, reinterpret_cast<cb_state *>(&state));
    };
    auto *registered = benchmark::RegisterBenchmark(cases.names[index], measure);
    // The threads that work are OpenMP's: their time is the process's, and the clock on the wall decides.
    registered->MeasureProcessCPUTime()->UseRealTime();
    if (cases.iterations) registered->Iterations(static_cast<benchmark::IterationCount>(cases.iterations));
}

// The shortest time of an iteration: of what is always the same, the rest is disturbance.
class FastestReporter : public Reporter
{
  public:
    bool ReportContext(const Context &) override { return true; }

    void ReportRuns(const std::vector<Run> &runs) override
    {
        for (const Run &run : runs)
            if (run.run_type == Run::RT_Iteration && run.iterations > 0)
                seconds_ = std::min(seconds_, run.real_accumulated_time / static_cast<double>(run.iterations));
    }

    double seconds() const { return seconds_; }

  private:
    double seconds_ = std::numeric_limits<double>::infinity();
};

char *program; // the library keeps the pointer for its context
bool listing;  // as the user said

void set_flag(std::string flag)
{
    char *argv[] = {program, &flag[0], nullptr};
    int argc = 2;
    benchmark::Initialize(&argc, argv);
}

void set_listing(bool on)
{
    set_flag(std::string("--benchmark_list_tests=") + (on ? "true" : "false"));
}

bool add_context(const std::string &pairs)
{
    std::istringstream list(pairs);
    std::vector<std::pair<std::string, std::string>> context;
    for (std::string pair; std::getline(list, pair, ',');) {
        size_t equals = pair.find('=');
        if (equals == std::string::npos) return false;
        context.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
    }
    for (const auto &pair : context) benchmark::AddCustomContext(pair.first, pair.second);
    return true;
}

// Of the flag the library would say at each initialisation that it has been taken already. What is malformed is left to it.
void take_context(int *argc, char **argv)
{
    const std::string flag = "--benchmark_context=";
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        std::string argument = argv[i];
        if (argument.rfind(flag, 0) || !add_context(argument.substr(flag.size()))) argv[kept++] = argv[i];
    }
    argv[kept] = nullptr;
    *argc = kept;
}

// The library prints that nothing matched, which is no error for one group of cases; everything else is.
cb_status check_messages(const std::string &text, cb_error *err)
{
    if (text.empty() || text.rfind("Failed to match any benchmarks", 0) == 0) return CB_OK;
    std::string message = text.substr(0, text.find_last_not_of('\n') + 1);
    return cb_fail(err, CB_BAD_INPUT, "--benchmark_filter: %s", message.c_str());
}

} // namespace

extern "C" {

void cb_gbench_initialize(int *argc, char **argv, bool list, void (*print_usage)(void))
{
    listing = list;
    program = argv[0];
    take_context(argc, argv);
    benchmark::Initialize(argc, argv, print_usage);
}

void cb_gbench_times(double min_time_s, double min_warmup_s)
{
    std::ostringstream min_time;
    min_time << "--benchmark_min_time=" << min_time_s << seconds_suffix(Reporter::Run(), 0);
    set_flag(min_time.str());
    set_flag("--benchmark_min_warmup_time=" + std::to_string(min_warmup_s));
}

json_t *cb_gbench_context(void)
{
    // The library's own words, which end with the opening of the array of rows.
    std::ostringstream text;
    benchmark::JSONReporter reporter;
    reporter.SetOutputStream(&text);
    reporter.ReportContext(Reporter::Context());
    std::string whole = text.str() + "]}";
    json_t *readable = cb_json_text(whole.c_str()); // it holds a path and what the user gave
    json_t *root = json_loads(readable ? json_string_value(readable) : "", 0, nullptr);
    json_decref(readable);
    json_t *context = json_incref(json_object_get(root, "context"));
    json_decref(root);
    json_object_del(context, "library_build_type"); // Debian's build of that library; readers take it for ours
    return context;
}

size_t cb_state_iterations(const cb_state *state)
{
    return static_cast<size_t>(state_of(state)->max_iterations);
}

bool cb_state_keep_running(cb_state *state, size_t batch)
{
    return state_of(state)->KeepRunningBatch(static_cast<benchmark::IterationCount>(batch));
}

void cb_state_pause(cb_state *state)
{
    state_of(state)->PauseTiming();
}

void cb_state_resume(cb_state *state)
{
    state_of(state)->ResumeTiming();
}

void cb_state_fail(cb_state *state, const char *message)
{
    benchmark::State *s = state_of(state);
    /* A repetition that has not begun has no iterations, and repetitions of different numbers end the process. */
    if (!s->iterations()) s->KeepRunningBatch(1);
    s->SkipWithError(message);
}

void cb_state_counter(cb_state *state, const char *name, double value)
{
    state_of(state)->counters[name] = value;
}

void cb_state_rate(cb_state *state, const char *name, double value_of_a_call)
{
    state_of(state)->counters[name] =
        benchmark::Counter(value_of_a_call, benchmark::Counter::kIsIterationInvariantRate);
}

void cb_state_label(cb_state *state, const char *label)
{
    state_of(state)->SetLabel(label);
}

cb_status cb_gbench_run(const cb_gbench_cases *cases, size_t *matched, cb_error *err)
try {
    std::map<std::string, size_t> indexes;
    benchmark::ClearRegisteredBenchmarks();
    for (size_t i = 0; i < cases->n; i++) {
        register_case(*cases, i);
        indexes[cases->names[i]] = i;
    }
    RowReporter reporter(*cases, indexes);
    std::ostringstream messages;
    reporter.SetErrorStream(&messages);
    *matched = benchmark::RunSpecifiedBenchmarks(&reporter);
    benchmark::ClearRegisteredBenchmarks();
    return check_messages(messages.str(), err);
} catch (const std::bad_alloc &) {
    return cb_fail(err, CB_NO_MEMORY, "out of memory in Google Benchmark");
}

cb_status cb_gbench_count(const cb_gbench_cases *cases, size_t *matched, cb_error *err)
try {
    std::ostringstream names, messages;
    std::map<std::string, size_t> indexes;
    benchmark::ClearRegisteredBenchmarks();
    for (size_t i = 0; i < cases->n; i++) register_case(*cases, i);
    RowReporter reporter(*cases, indexes);
    reporter.SetOutputStream(&names);
    reporter.SetErrorStream(&messages);
    set_listing(true);
    *matched = benchmark::RunSpecifiedBenchmarks(&reporter);
    set_listing(listing);
    benchmark::ClearRegisteredBenchmarks();
    return check_messages(messages.str(), err);
} catch (const std::bad_alloc &) {
    return cb_fail(err, CB_NO_MEMORY, "out of memory in Google Benchmark");
}

double cb_gbench_pause_s(void)
{
    FastestReporter reporter;
    auto pause = [](benchmark::State &state) {
        for (auto _ : state) {
            state.PauseTiming();
            state.ResumeTiming();
        }
    };
    benchmark::ClearRegisteredBenchmarks();
    benchmark::RegisterBenchmark("pause", pause)->MeasureProcessCPUTime()->UseRealTime()->Iterations(1000);
    benchmark::RunSpecifiedBenchmarks(&reporter, "pause");
    benchmark::ClearRegisteredBenchmarks();
    return reporter.seconds();
}

} // extern "C"

#include "agent/daemon/metrics.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <tuple>

#include "agent/daemon/memory.h"

namespace catena::agent {
namespace {

class Text {
 public:
  void begin(const char* name, const char* type, const char* help) {
    name_ = name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
  }
  // `labels`: "" or {key="value",...}
  void value(const std::string& labels, double value) {
    std::array<char, 32> number{};
    (void)std::snprintf(number.data(), number.size(), "%.15g", value);
    text_ += name_ + labels + " " + number.data() + "\n";
  }
  void one(const char* name, const char* type, const char* help, double number) {
    begin(name, type, help);
    value("", number);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

std::string quoted(std::string_view value) {
  std::string safe;
  for (const char c : value) {
    if (c == '\\' || c == '"') {
      safe += '\\';
    }
    safe += c == '\n' ? ' ' : c;
  }
  return "\"" + safe + "\"";
}

void add_duties(Text& text, const std::map<std::string_view, DutyCount>& duties) {
  text.begin("catena_agent_duty_runs_total", "counter", "Runs of a duty that ended.");
  for (const auto& [name, count] : duties) {
    text.value("{duty=" + quoted(name) + R"(,result="done"})", static_cast<double>(count.done));
    text.value("{duty=" + quoted(name) + R"(,result="failed"})", static_cast<double>(count.failed));
  }
  text.begin("catena_agent_duty_seconds_total", "counter", "Time that runs of a duty took.");
  for (const auto& [name, count] : duties) {
    text.value("{duty=" + quoted(name) + "}", count.spent.count());
  }
}

void add_addresses(Text& text, const base::Result<std::vector<ipam::Record>>& records) {
  text.one("catena_store_readable", "gauge", "Whether the store could be read for this page.",
           records.ok() ? 1 : 0);
  if (!records.ok()) {
    return;
  }
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, std::uint64_t> counts;
  for (const ipam::Record& record : *records) {
    const bool ipv4 = record.address.family() == base::Family::kIpv4;
    ++counts[{record.pool, ipv4 ? "ipv4" : "ipv6", ipam::name_of(record.state)}];
  }
  text.begin("catena_addresses", "gauge", "Addresses that the store knows, by ENI or range.");
  for (const auto& [key, count] : counts) {
    const auto& [pool, family, state] = key;
    text.value(
        "{pool=" + quoted(pool) + ",family=" + quoted(family) + ",state=" + quoted(state) + "}",
        static_cast<double>(count));
  }
}

void add_tally(Text& text, const Tally& tally) {
  text.one("catena_agent_repairs_total", "counter",
           "Times that lost rules, routes or marks were brought back.",
           static_cast<double>(tally.repairs));
  text.one("catena_agent_lost_total", "counter", "Rules, routes and marks that were lost.",
           static_cast<double>(tally.lost));
  text.one("catena_agent_repair_failures_total", "counter", "Of these, what could not be mended.",
           static_cast<double>(tally.failed_repairs));
  text.begin("catena_agent_garbage_total", "counter", "What garbage collection removed.");
  for (const auto& [kind, count] : tally.collected) {
    text.value("{kind=" + quoted(kind) + "}", static_cast<double>(count));
  }
  const auto known = [&text](const char* name, const char* help, int value) {
    if (value >= 0) {
      text.one(name, "gauge", help, value);
    }
  };
  known("catena_agent_doubtful", "What has no owner, but is not proven to be dead.",
        tally.doubtful);
  known("catena_agent_conflist_written", "Whether the runtime has its configuration.",
        tally.conflist);
  known("catena_agent_eni_conf_in_force", "Whether eni.conf as it is now could be used.",
        tally.eni_conf);
  known("catena_agent_api_synced", "Whether the API server's pods of this node are known.",
        tally.api_synced);
  known("catena_agent_pods_pending", "Pods of this node that wait for an address.",
        tally.pods_pending);
}

void add_policy_latency(Text& text, const PolicyCounts& counts) {
  constexpr const char* kName = "catena_agent_policy_latency_seconds";
  text.begin(kName, "histogram",
             "From hearing of a change of objects until the kernel had the rules.");
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.latency.size(); ++i) {
    so_far += counts.latency.at(i);
    std::array<char, 32> bound{"+Inf"};
    if (i < PolicyCounts::kBounds.size()) {
      (void)std::snprintf(bound.data(), bound.size(), "%g", PolicyCounts::kBounds.at(i));
    }
    text.value(std::string("_bucket{le=") + quoted(bound.data()) + "}",
               static_cast<double>(so_far));
  }
  text.value("_sum", counts.latency_sum);
  text.value("_count", static_cast<double>(so_far));
}

void add_policy(Text& text, const PolicyCounts& counts) {
  text.one("catena_agent_policy_synced", "gauge",
           "Whether policies, namespaces and pods of the cluster are known as they are now.",
           counts.synced ? 1 : 0);
  text.begin("catena_agent_policy_objects", "gauge", "What the rules are made from.");
  text.value(R"({kind="networkpolicy"})", static_cast<double>(counts.policies));
  text.value(R"({kind="namespace"})", static_cast<double>(counts.namespaces));
  text.value(R"({kind="pod"})", static_cast<double>(counts.pods));
  text.one("catena_agent_policy_subjects", "gauge", "Pods of this node under policy.",
           static_cast<double>(counts.subjects));
  text.one("catena_agent_policy_behind", "gauge",
           "Of these, those whose rules could not be written.", static_cast<double>(counts.behind));
  text.one("catena_agent_policy_failures_total", "counter", "Writes of rules that failed.",
           static_cast<double>(counts.failures));
  text.one("catena_agent_policy_disturbed_total", "counter",
           "Times that somebody else had changed the rules.",
           static_cast<double>(counts.disturbed));
  text.one("catena_agent_policy_revoked_total", "counter",
           "Running flows that were cut since policies forbid them (--policy-revoke).",
           static_cast<double>(counts.revoked));
  add_policy_latency(text, counts);
}

void add_process(Text& text) {
  timespec cpu{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  text.one("process_cpu_seconds_total", "counter", "User and system CPU time spent in seconds.",
           static_cast<double>(cpu.tv_sec) + static_cast<double>(cpu.tv_nsec) / 1e9);
  text.one("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
           resident_bytes());
}

}  // namespace

std::string metrics_text(const std::map<std::string_view, DutyCount>& duties, const Tally& tally,
                         const base::Result<std::vector<ipam::Record>>& records) {
  Text text;
  add_addresses(text, records);
  add_duties(text, duties);
  add_tally(text, tally);
  if (tally.policy.has_value()) {
    add_policy(text, *tally.policy);
  }
  add_process(text);
  return text.take();
}

}  // namespace catena::agent

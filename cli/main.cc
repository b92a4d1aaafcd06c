// catena: what an admin types on a node.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <cxxopts.hpp>

#include "cli/doctor.h"
#include "cli/eni.h"
#include "cli/gc.h"
#include "cli/install.h"
#include "cli/ipam.h"
#include "cli/lint.h"
#include "cli/node_conflist.h"
#include "cli/options.h"
#include "cli/policy.h"

namespace {

using catena::base::Error;
using catena::base::ErrorKind;
using catena::base::IpAddress;
using catena::base::Result;
using catena::cli::Options;
using catena::cli::Report;

// docs/catena.md has the table.
enum class Exit { kDone = 0, kFailed = 1, kUsage = 2 };

using Operands = std::vector<std::string>;

struct Command {
  const char* words;                  // "ipam show"
  std::vector<const char*> operands;  // what follows
  const char* about;
  Result<Report> (*run)(const Options& options, const Operands& operands);
};

template <Result<Report> (*kRun)(const Options&)>
Result<Report> plain(const Options& options, const Operands& /*operands*/) {
  return kRun(options);
}

template <Result<Report> (*kRun)(const Options&, const std::string&)>
Result<Report> with_text(const Options& options, const Operands& operands) {
  return kRun(options, operands.front());
}

template <Result<Report> (*kRun)(const Options&, const IpAddress&)>
Result<Report> with_address(const Options& options, const Operands& operands) {
  const auto address = IpAddress::parse(operands.front());
  if (!address.ok()) {
    return Error(address.error()).as(ErrorKind::kBadConfig);
  }
  return kRun(options, *address);
}

namespace cli = catena::cli;
Result<Report> explain(const Options& options, const Operands& operands) {
  return cli::policy_explain(
      options, {.source = operands[0], .destination = operands[1], .port = operands[2]});
}

const std::vector<Command>& commands() {
  static const std::vector<Command> all{
      {"ipam list", {}, "addresses of this node and who has them", plain<cli::ipam_list>},
      {"ipam show", {"ADDRESS"}, "all that is known of one", with_address<cli::ipam_show>},
      {"ipam check", {}, "compare store, kernel, metadata and OpenAPI", plain<cli::ipam_check>},
      {"ipam release",
       {"ADDRESS"},
       "free one that nobody uses any more",
       with_address<cli::ipam_release>},
      {"eni list", {}, "ENIs of this node", plain<cli::eni_list>},
      {"policy explain",
       {"FROM", "TO", "PORT[/PROTOCOL]"},
       "which NetworkPolicy decides; FROM and TO are NAMESPACE/POD or an address",
       explain},
      {"policy show",
       {"NAMESPACE/POD"},
       "policies of a pod of this node, and whether the kernel has them",
       with_text<cli::policy_show>},
      {"gc", {}, "remove what no pod owns any more; --dry-run only names it", plain<cli::gc>},
      {"doctor",
       {},
       "whether this node can carry pods, and if not, what to do",
       plain<cli::doctor>},
      {"lint", {"FILE"}, "check a conflist", with_text<cli::lint>},
      {"conflist",
       {"FILE"},
       "write FILE to --to with this node's podCIDRs",
       with_text<cli::node_conflist>},
      {"install", {}, "copy the programs into --bin-dir", plain<cli::install>},
      {"uninstall", {}, "take all of Catena from this node", plain<cli::uninstall>},
  };
  return all;
}

std::string help_text(const cxxopts::Options& options) {
  std::string text = "What an admin types on a node of Catena.\n\n";
  for (const Command& command : commands()) {
    std::string words = command.words;
    for (const char* operand : command.operands) {
      words.append(" ").append(operand);
    }
    const std::string gap =
        words.size() < 22 ? std::string(22 - words.size(), ' ') : "\n" + std::string(31, ' ');
    text.append("  catena ").append(words).append(gap).append(command.about).append("\n");
  }
  // Without the line of usage that cxxopts makes up.
  const std::string made = options.help({""});
  return text + "\n" + made.substr(std::min(made.find("      --"), made.size()));
}

cxxopts::Options command_line() {
  cxxopts::Options options("catena", "");
  options.add_options()("json", "print JSON")(
      "state-dir", "the store", cxxopts::value<std::string>()->default_value("/var/lib/catena"))(
      "conf-dir", "where the runtime reads conflists",
      cxxopts::value<std::string>()->default_value("/etc/cni/net.d"))(
      "bin-dir", "where the runtime looks for plugins",
      cxxopts::value<std::string>()->default_value("/opt/cni/bin"))(
      "eni-conf", "eni.conf; without this /etc/eni/eni.json where that is there",
      cxxopts::value<std::string>()->default_value(""))(
      "from", "install: where the programs are; without this beside catena",
      cxxopts::value<std::string>()->default_value(""))(
      "to", "conflist: the file to be written", cxxopts::value<std::string>()->default_value(""))(
      "node", "conflist: this node's name; without this NODE_NAME of the environment",
      cxxopts::value<std::string>()->default_value(""))(
      "api", "conflist: the API server: in-cluster, or a kubeconfig's path",
      cxxopts::value<std::string>()->default_value("in-cluster"))(
      "deadline", "seconds that the agent may take, 1 to 3600",
      cxxopts::value<int>()->default_value("120"))("dry-run", "gc, uninstall: change nothing")(
      "force", "uninstall: though pods run")("version", "print the release")("help", "print this");
  options.add_options("hidden")("words", "",
                                cxxopts::value<std::vector<std::string>>()->default_value(""));
  options.parse_positional({"words"});
  return options;
}

Exit usage(const std::string& why) {
  std::fprintf(stderr, "catena: %s (catena --help)\n", why.c_str());
  return Exit::kUsage;
}

struct Wish {
  const Command* command;
  Operands operands;
};

// Nothing where there is no such command or operands are missing.
std::optional<Wish> find_command(const std::vector<std::string>& words) {
  for (const Command& command : commands()) {
    const std::string name = command.words;
    const bool is_double = name.find(' ') != std::string::npos;
    const std::size_t count = is_double ? 2 : 1;
    if (words.size() == count + command.operands.size() &&
        (is_double ? words[0] + " " + words[1] : words[0]) == name) {
      return Wish{&command, {words.begin() + static_cast<std::ptrdiff_t>(count), words.end()}};
    }
  }
  return std::nullopt;
}

std::optional<std::string> what_is_wrong(const Options& options) {
  const struct {
    const char* name;
    const std::string* path;
  } paths[] = {{"--state-dir", &options.state_dir},
               {"--conf-dir", &options.conf_dir},
               {"--bin-dir", &options.bin_dir}};
  for (const auto& item : paths) {
    if (!item.path->starts_with('/')) {
      return std::string(item.name) + " '" + *item.path + "', expected an absolute path";
    }
  }
  if (options.deadline.count() < 1 || options.deadline.count() > 3600) {
    return "--deadline " + std::to_string(options.deadline.count()) +
           ", expected 1 to 3600 seconds";
  }
  return std::nullopt;
}

Exit carry_out(const Wish& wish, const Options& options) {
  const Result<Report> report = wish.command->run(options, wish.operands);
  if (!report.ok()) {
    std::fprintf(stderr, "catena: %s\n", report.error().text().c_str());
    return report.error().is(ErrorKind::kBadConfig) ? Exit::kUsage : Exit::kFailed;
  }
  std::printf("%s", options.json ? (report->json + "\n").c_str() : report->text.c_str());
  return report->good ? Exit::kDone : Exit::kFailed;
}

Exit run(int argc, char** argv) {
  cxxopts::Options line = command_line();
  const cxxopts::ParseResult parsed = line.parse(argc, argv);
  if (parsed.count("help") != 0) {
    std::printf("%s", help_text(line).c_str());
    return Exit::kDone;
  }
  if (parsed.count("version") != 0) {
    std::printf("catena %s\n", CATENA_VERSION);
    return Exit::kDone;
  }
  Options options;
  options.state_dir = parsed["state-dir"].as<std::string>();
  options.conf_dir = parsed["conf-dir"].as<std::string>();
  options.bin_dir = parsed["bin-dir"].as<std::string>();
  options.eni_conf = parsed["eni-conf"].as<std::string>();
  options.from = parsed["from"].as<std::string>();
  options.to = parsed["to"].as<std::string>();
  options.node = parsed["node"].as<std::string>();
  const char* const node_name = std::getenv("NODE_NAME");
  if (options.node.empty() && node_name != nullptr) {
    options.node = node_name;
  }
  options.api = parsed["api"].as<std::string>();
  options.deadline = std::chrono::seconds(parsed["deadline"].as<int>());
  options.json = parsed.count("json") != 0;
  options.dry_run = parsed.count("dry-run") != 0;
  options.force = parsed.count("force") != 0;
  if (const auto wrong = what_is_wrong(options)) {
    return usage(*wrong);
  }
  std::vector<std::string> words = parsed["words"].as<std::vector<std::string>>();
  std::erase(words, std::string());
  const std::optional<Wish> wish = find_command(words);
  if (!wish) {
    std::string said;
    for (const std::string& word : words) {
      said += (said.empty() ? "" : " ") + word;
    }
    return usage(said.empty() ? "expected a command" : "there is no command '" + said + "'");
  }
  return carry_out(*wish, options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const cxxopts::exceptions::exception& error) {
    return static_cast<int>(usage(error.what()));
  }
}

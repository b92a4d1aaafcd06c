#include "common/cni/args.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>

#include "common/base/text.h"
#include "common/cni/version.h"

namespace catena::cni {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;

constexpr std::size_t kMostIfName = 15;  // IFNAMSIZ - 1 (linux/if.h)

constexpr std::array<std::string_view, 7> kCniArgs{"IgnoreUnknown",
                                                   "K8S_POD_NAMESPACE",
                                                   "K8S_POD_NAME",
                                                   "K8S_POD_UID",
                                                   "K8S_POD_INFRA_CONTAINER_ID",
                                                   "IP",
                                                   "MAC"};

struct Needs {
  bool container = false;  // CNI_CONTAINERID and CNI_IFNAME
  bool netns = false;
  bool path = false;
};

Needs needs_of(Command command) {
  switch (command) {
    case Command::kAdd:
    case Command::kCheck:
      return {.container = true, .netns = true};
    case Command::kDel:
      return {.container = true};
    case Command::kGc:
      return {.path = true};
    case Command::kStatus:
    case Command::kVersion:
      break;
  }
  return {};
}

bool has_container(Command command) { return needs_of(command).container; }

// What is wrong with a value, as the rest of a sentence; empty where nothing is.
std::string wrong_if_name(std::string_view name) {
  if (name.size() > kMostIfName) {
    return "is longer than " + std::to_string(kMostIfName) + " characters";
  }
  if (name == "." || name == "..") {
    return "is no name for an interface";
  }
  const auto refused = [](unsigned char character) {
    return character == '/' || character == ':' || std::isspace(character) != 0;
  };
  return std::ranges::any_of(name, refused) ? "holds '/', ':' or white space" : "";
}

std::string wrong_container_id(std::string_view id) {
  return is_valid_id(id) ? ""
                         : "must be letters, digits, '_', '.' and '-', beginning with a letter or "
                           "digit";
}

// The variables of one call; gathers what is wrong with them.
class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(environment) {}

  std::string text(const std::string& name, bool needed) {
    std::string value = environment_(name).value_or("");
    if (value.empty() && needed) {
      problems_.push_back(name + " is missing");
    }
    return value;
  }

  void refuse(const std::string& name, std::string_view value, const std::string& why) {
    if (!value.empty() && !why.empty()) {
      problems_.push_back(name + " '" + std::string(value) + "' " + why);
    }
  }

  Status status() const {
    if (problems_.empty()) {
      return {};
    }
    return Error(ErrorKind::kBadEnvironment, "environment: " + base::join(problems_, "; "))
        .advice("the container runtime sets the CNI_* variables of a plugin call");
  }

 private:
  const Environment& environment_;
  std::vector<std::string> problems_;
};

struct Pair {
  std::string_view key;
  std::string_view value;
};

// "K=V;K=V"; a piece without exactly one '=' is left out and named in `malformed`.
std::vector<Pair> pairs_of(std::string_view text, std::vector<std::string>& malformed) {
  std::vector<Pair> pairs;
  if (text.empty()) {
    return pairs;
  }
  for (const std::string_view piece : base::split(text, ';')) {
    const std::vector<std::string_view> sides = base::split(piece, '=');
    if (sides.size() == 2) {
      pairs.push_back({sides[0], sides[1]});
    } else {
      malformed.push_back("'" + std::string(piece) + "' is not KEY=VALUE");
    }
  }
  return pairs;
}

bool is_true(std::string_view text) {
  return text == "1" || base::equal_ignoring_case(text, "true");
}

std::string unknown_key(std::string_view key) {
  const std::string meant = base::near_miss(key, {kCniArgs.begin(), kCniArgs.end()});
  return "unknown key '" + std::string(key) + "'" +
         (meant.empty() ? "" : ", did you mean '" + meant + "'?");
}

void take_ip(std::string_view value, Args& args, std::vector<std::string>& malformed) {
  // Runtimes send it with and without a prefix length; only the address is asked for.
  const base::Result<base::Prefix> ip = base::Prefix::parse_or_host(value);
  if (ip.ok()) {
    args.ip = ip->address();
  } else {
    malformed.push_back("IP '" + std::string(value) + "' is not an IP address");
  }
}

void take_mac(std::string_view value, Args& args, std::vector<std::string>& malformed) {
  const base::Result<base::Mac> mac = base::Mac::parse(value);
  if (mac.ok() && !mac->is_multicast() && !mac->is_zero()) {
    args.mac = *mac;
  } else {
    malformed.push_back("MAC '" + std::string(value) + "' is not a unicast MAC address");
  }
}

// Fills what CNI_ARGS says into `args`; returns what is wrong with it.
std::vector<std::string> read_cni_args(std::string_view text, Args& args) {
  std::vector<std::string> malformed;
  std::vector<std::string> unknown;
  bool ignore_unknown = false;
  for (const auto& [key, value] : pairs_of(text, malformed)) {
    if (key == "IgnoreUnknown") {
      ignore_unknown = is_true(value);
    } else if (key == "K8S_POD_NAMESPACE") {
      args.pod.name_space = value;
    } else if (key == "K8S_POD_NAME") {
      args.pod.name = value;
    } else if (key == "K8S_POD_UID") {
      args.pod.uid = value;
    } else if (key == "IP" && !value.empty()) {
      take_ip(value, args, malformed);
    } else if (key == "MAC" && !value.empty()) {
      take_mac(value, args, malformed);
    } else if (std::ranges::find(kCniArgs, key) == kCniArgs.end()) {
      unknown.push_back(unknown_key(key));
    }
  }
  if (!ignore_unknown) {
    malformed.insert(malformed.end(), unknown.begin(), unknown.end());
  }
  return malformed;
}

// Empty pieces are passed over: "/opt/cni/bin:" is often written.
std::vector<std::string> directories_of(std::string_view text) {
  std::vector<std::string> directories;
  for (const std::string_view piece : base::split(text, ':')) {
    if (!piece.empty()) {
      directories.emplace_back(piece);
    }
  }
  return directories;
}

std::string wrong_path(std::string_view text, const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    if (directory.front() != '/') {
      return "holds '" + directory + "', which is not an absolute path";
    }
  }
  return !text.empty() && directories.empty() ? "names no directory" : "";
}

void read_container(Reader& reader, Args& args) {
  const Needs needs = needs_of(args.command);
  args.attachment.container_id = reader.text("CNI_CONTAINERID", needs.container);
  reader.refuse("CNI_CONTAINERID", args.attachment.container_id,
                wrong_container_id(args.attachment.container_id));
  args.attachment.if_name = reader.text("CNI_IFNAME", needs.container);
  reader.refuse("CNI_IFNAME", args.attachment.if_name, wrong_if_name(args.attachment.if_name));
  args.netns = reader.text("CNI_NETNS", needs.netns);
  reader.refuse("CNI_NETNS", args.netns,
                args.netns.starts_with('/') ? "" : "must be an absolute path");
  const std::string text = reader.text("CNI_ARGS", false);
  const std::vector<std::string> wrong = read_cni_args(text, args);
  if (args.command != Command::kDel) {
    reader.refuse("CNI_ARGS", text,
                  wrong.empty() ? "" : "is malformed: " + base::join(wrong, ", "));
  }
}

}  // namespace

bool is_valid_id(std::string_view id) {
  const auto allowed = [](unsigned char character) {
    return character < 0x80 && (std::isalnum(character) != 0 || character == '_' ||
                                character == '.' || character == '-');
  };
  return !id.empty() && std::isalnum(static_cast<unsigned char>(id.front())) != 0 &&
         std::ranges::all_of(id, allowed);
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

base::Result<Args> read_args(const Environment& environment) {
  Reader reader(environment);
  Args args;
  const std::string verb = reader.text("CNI_COMMAND", true);
  TRY(reader.status());
  const std::optional<Command> command = command_from(verb);
  if (!command) {
    // Word for word: old runtimes look for this text.
    return Error(ErrorKind::kBadEnvironment, "unknown CNI_COMMAND: " + verb);
  }
  args.command = *command;
  if (args.command == Command::kVersion) {
    return args;
  }
  if (has_container(args.command)) {
    read_container(reader, args);
  }
  const std::string path = reader.text("CNI_PATH", needs_of(args.command).path);
  args.path = directories_of(path);
  reader.refuse("CNI_PATH", path, wrong_path(path, args.path));
  TRY(reader.status());
  return args;
}

}  // namespace catena::cni

#include "tests/unit/cni/call.h"

#include <sys/mman.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "common/base/file.h"

namespace catena::test {
namespace {

base::UniqueFd memory_file(const std::string& data) {
  base::UniqueFd fd(::memfd_create("call", MFD_CLOEXEC));
  EXPECT_TRUE(base::write_all(fd.get(), data, "memory file").ok());
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  return fd;
}

std::string content_of(const base::UniqueFd& fd) {
  EXPECT_EQ(::lseek(fd.get(), 0, SEEK_SET), 0);
  return base::read_all(fd.get(), std::size_t{1} << 24U, "memory file").value();
}

base::Result<cni::AddResult> add(const cni::Request& request) {
  verbs_run += "ADD ";
  cni::AddResult result;
  result.interfaces = {{.name = request.args.attachment.if_name,
                        .mac = "02:00:00:00:00:01",
                        .mtu = 1500,
                        .sandbox = "/ns"}};
  result.ips = {{.address = base::Prefix::parse("10.0.0.5/24").value(), .interface = 0}};
  return result;
}
base::Status del(const cni::Request& /*request*/) {
  verbs_run += "DEL ";
  return {};
}
base::Status check(const cni::Request& /*request*/) {
  verbs_run += "CHECK ";
  return {};
}
base::Status gc(const cni::Request& /*request*/) {
  verbs_run += "GC ";
  return {};
}
base::Status status(const cni::Request& /*request*/) {
  verbs_run += "STATUS ";
  return {};
}

}  // namespace

std::string verbs_run;

cni::Environment environment_of(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto at = variables.find(name);
    return at == variables.end() ? std::nullopt : std::optional<std::string>(at->second);
  };
}

Variables variables_for(const std::string& verb) {
  if (verb == "ADD" || verb == "CHECK" || verb == "DEL") {
    return {{"CNI_COMMAND", verb},  {"CNI_CONTAINERID", "c1"},    {"CNI_NETNS", "/absent/ns"},
            {"CNI_IFNAME", "eth0"}, {"CNI_PATH", "/opt/cni/bin"}, {"CNI_ARGS", ""}};
  }
  // libcni sets the others too, to nothing.
  return {{"CNI_COMMAND", verb}, {"CNI_CONTAINERID", ""},      {"CNI_NETNS", ""},
          {"CNI_IFNAME", ""},    {"CNI_PATH", "/opt/cni/bin"}, {"CNI_ARGS", ""}};
}

nlohmann::json config_of(const std::string& version) {
  return {{"cniVersion", version}, {"name", "net"}, {"type", "noop"}};
}

nlohmann::json CallOutcome::answer() const {
  return out.empty() ? nlohmann::json::object() : nlohmann::json::parse(out);
}

CallOutcome call(const cni::Plugin& plugin, const Variables& variables, const std::string& input) {
  const base::UniqueFd in = memory_file(input);
  const base::UniqueFd out = memory_file("");
  const base::UniqueFd err = memory_file("");
  verbs_run.clear();
  CallOutcome outcome;
  outcome.exit_status =
      cni::run_plugin(plugin, environment_of(variables), in.get(), out.get(), err.get());
  outcome.out = content_of(out);
  outcome.err = content_of(err);
  return outcome;
}

const cni::Plugin& good_plugin() {
  static const cni::Plugin plugin{.name = "catena-good",
                                  .about = "does nothing, well",
                                  .release = "1.2.3",
                                  .add = add,
                                  .del = del,
                                  .check = check,
                                  .gc = gc,
                                  .status = status};
  return plugin;
}

}  // namespace catena::test

// catena-test-api as a process.
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "common/base/unique_fd.h"
#include "common/kube/objects.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kube/kube_fixture.h"

namespace catena::kube {
namespace {

using testing::HasSubstr;

std::string program() { return test::bin_dir() + "/../tests/catena-test-api"; }

// Killed with the object, if it still runs.
class Running {
 public:
  explicit Running(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), program());
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
      argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    out_.reset(ends[0]);
    const base::UniqueFd in(ends[1]);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in.get(), STDOUT_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  Running(Running&&) = delete;
  Running& operator=(Running&&) = delete;
  ~Running() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  // What it says until it is ready.
  std::string wait_until_ready() const {
    std::string text;
    char byte = 0;
    while (text.find("ready\n") == std::string::npos && ::read(out_.get(), &byte, 1) == 1) {
      text += byte;
    }
    return text;
  }
  int stop() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

 private:
  base::UniqueFd out_;
  pid_t pid_ = -1;
};

TEST(TestApiProgram, ServesAFolderToWhoeverHasItsKubeconfig) {
  const test::TempDir directory;
  write_file(directory.path() + "/pods.json",
             Json{{"kind", "List"}, {"items", {pod("a"), pod("b")}}}.dump());
  write_file(directory.path() + "/node.json", node("worker-1").dump());
  write_file(directory.path() + "/notes.txt", "not read");
  const std::string kubeconfig = directory.path() + "/kubeconfig";
  Running running(
      {"--folder", directory.path(), "--kubeconfig", kubeconfig, "--token", "t0ken", "--tls"});
  EXPECT_THAT(running.wait_until_ready(), HasSubstr("3 objects"));
  const auto config = Config::from_kubeconfig(kubeconfig);
  ASSERT_TRUE(config.ok()) << config.error().text();
  Client client = Client::create(*config).value();
  const auto patched = client.patch({kNodes, "", "worker-1"}, PatchKind::kMerge,
                                    Json{{"metadata", {{"labels", {{"x", "y"}}}}}});
  ASSERT_TRUE(patched.ok()) << patched.error().text();
  EXPECT_EQ((*patched)["metadata"]["labels"]["x"], "y");
  int pods = 0;
  EXPECT_TRUE(client.list({.resource = kPods}, {.object = [&](Json&&) { ++pods; }}).ok());
  EXPECT_EQ(pods, 2);
  EXPECT_EQ(running.stop(), 0);
}

TEST(TestApiProgram, IsThereInsideAnotherNetworkNamespaceToo) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "needs root, for a network namespace";
  }
  const test::ScratchNetNs inside;
  test::ApiServer server;
  ASSERT_TRUE(server.serve_inside(inside.path()).ok());
  server.objects().put(node("worker-1"));
  inside.run([&] {
    const auto got = Client::create(server.config())->get({kNodes, "", "worker-1"});
    EXPECT_TRUE(got.ok()) << got.error().text();
  });
  EXPECT_FALSE(server.serve_inside("/nowhere").ok());
}

TEST(TestApiProgram, RefusesAFolderThatItDoesNotUnderstand) {
  const test::TempDir directory;
  write_file(directory.path() + "/x.json", R"({"apiVersion": "v1", "kind": "Widget"})");
  const test::Outcome outcome = test::run_process({program(), "--folder", directory.path()});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("x.json"));
  EXPECT_THAT(outcome.err, HasSubstr("Widget"));
  EXPECT_EQ(test::run_process({program(), "--nonsense"}).exit_status, 1);
  EXPECT_EQ(test::run_process({program(), "--help"}).exit_status, 0);
}

}  // namespace
}  // namespace catena::kube

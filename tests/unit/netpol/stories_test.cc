// The API's text and the upstream e2e cases, asked of the reference model and of the compiler.
#include <gtest/gtest.h>

#include "tests/support/netpol/compile.h"
#include "tests/support/netpol/evaluator.h"
#include "tests/support/netpol/reference.h"
#include "tests/support/netpol/story.h"

namespace catena::test::netpol {
namespace {

std::vector<bool> by_the_text(const Cluster& cluster, const std::vector<Flow>& flows) {
  std::vector<bool> answers;
  answers.reserve(flows.size());
  for (const Flow& flow : flows) {
    answers.push_back(allowed(cluster, flow));
  }
  return answers;
}

// One compiler for all chapters, so that each is compiled as a change.
Judge the_compiler() {
  return [compiled = std::make_shared<Compiled>()](const Cluster& cluster,
                                                   const std::vector<Flow>& flows) {
    compiled->go_to(cluster);
    EXPECT_EQ(broken_promises(compiled->rules()), std::vector<std::string>());
    std::vector<bool> answers;
    answers.reserve(flows.size());
    for (const Flow& flow : flows) {
      answers.push_back(passes(compiled->rules(), node_of(cluster), flow));
    }
    return answers;
  };
}

std::vector<Story> all_stories() {
  std::vector<Story> all = upstream_stories();
  for (const std::vector<Story>& some :
       {selection_stories(), peer_stories(), port_stories(), life_stories()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

class Netpol : public testing::TestWithParam<Story> {};

TEST_P(Netpol, IsSoInTheReferenceModel) {
  EXPECT_EQ(disagreements(GetParam(), by_the_text), std::vector<std::string>());
}

TEST_P(Netpol, IsSoInTheCompiledRules) {
  EXPECT_EQ(disagreements(GetParam(), the_compiler()), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Stories, Netpol, testing::ValuesIn(all_stories()));

}  // namespace
}  // namespace catena::test::netpol

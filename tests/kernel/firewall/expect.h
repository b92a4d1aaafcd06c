// Results in expectations: the error's text when one fails.
#pragma once

#include <gtest/gtest.h>

#include "common/base/result.h"

namespace catena::firewall::test {

template <typename T>
testing::AssertionResult succeeded(const base::Result<T>& result) {
  return result.ok() ? testing::AssertionSuccess()
                     : testing::AssertionFailure() << result.error().text();
}

}  // namespace catena::firewall::test

#define EXPECT_OK(result) EXPECT_TRUE(::catena::firewall::test::succeeded(result))
#define ASSERT_OK(result) ASSERT_TRUE(::catena::firewall::test::succeeded(result))

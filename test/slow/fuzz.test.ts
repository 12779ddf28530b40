import { testFuzz } from "../support/fuzz/suite.ts";

testFuzz(20_000);

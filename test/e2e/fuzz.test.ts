import { testFuzz } from "../support/fuzz/suite.ts";

testFuzz(800);

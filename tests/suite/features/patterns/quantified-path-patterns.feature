@source:cypher/patterns/reference/variable-length-paths#quantified-path-patterns
Feature: Quantified path patterns

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (a:A:X {v: 1})-[:R {w: 1}]->(b:X {v: 2})-[:R {w: 2}]->(c:X {v: 3})-[:R {w: 3}]->(d:D {v: 4}), (a)-[:S]->(d)
      """

  Scenario Outline: [1] How often
    When executing query:
      """
      MATCH (:A) (()-[:R]->())<quantifier> (x) RETURN collect(x.v) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | quantifier | found        |
      | +          | [2, 3, 4]    |
      | *          | [1, 2, 3, 4] |
      | {2}        | [3]          |
      | {1,2}      | [2, 3]       |
      | {2,}       | [3, 4]       |
      | {,2}       | [1, 2, 3]    |

  Scenario: [2] Nodes inside are lists outside
    When executing query:
      """
      MATCH (:A) ((n)-[r:R]->(m)){1,3} (:D)
      RETURN [x IN n | x.v] AS n, [x IN r | x.w] AS r, [x IN m | x.v] AS m
      """
    Then the result should be, in any order:
      | n         | r         | m         |
      | [1, 2, 3] | [1, 2, 3] | [2, 3, 4] |
    And no side effects

  Scenario: [3] Against the arrows too
    When executing query:
      """
      MATCH (:D) ((n)<-[r:R]-(m)){2} (x) RETURN x.v, [y IN n | y.v] AS n, [y IN m | y.v] AS m
      """
    Then the result should be, in any order:
      | x.v | n      | m      |
      | 2   | [4, 3] | [3, 2] |
    And no side effects

  Scenario: [4] Labels and properties of each repetition
    When executing query:
      """
      MATCH (:A) ((:X)-[:R]->(m:X)){1,} (x) RETURN x.v
      """
    Then the result should be, in any order:
      | x.v |
      | 2   |
      | 3   |
    And no side effects

  Scenario: [5] A predicate of each repetition sees both nodes and the relationship
    When executing query:
      """
      MATCH (:A) ((n)-[r:R]->(m) WHERE n.v + r.w < m.v + 2){1,} (x) RETURN x.v
      """
    Then the result should be, in any order:
      | x.v |
      | 2   |
      | 3   |
    And no side effects

  Scenario: [6] Predicates inside the nodes and the relationship
    When executing query:
      """
      MATCH (:A) ((n WHERE n.v < 3)-[r WHERE r.w = n.v]->({v: r.w + 1})){1,} (x) RETURN x.v
      """
    Then the result should be, in any order:
      | x.v |
      | 2   |
      | 3   |
    And no side effects

  Scenario: [7] Without nodes around it, with a path
    When executing query:
      """
      MATCH p = ((n)-[:R]->(m)){3} RETURN length(p) AS l, size(n) AS n
      """
    Then the result should be, in any order:
      | l | n |
      | 3 | 3 |
    And no side effects

  Scenario: [8] Beside other relationships, and twice
    When executing query:
      """
      MATCH (:A)-[:R]->(x) (()-[:R]->()){1} ((k)-[:R]->()){1} (y:D) RETURN x.v, [z IN k | z.v] AS k, y.v
      """
    Then the result should be, in any order:
      | x.v | k   | y.v |
      | 2   | [3] | 4   |
    And no side effects

  Scenario: [9] In no repetition the lists are empty
    When executing query:
      """
      MATCH (x:A) ((n)-[r:R]->(m)){0,1} (y) RETURN y.v, size(n) AS n, size(r) AS r, size(m) AS m
      """
    Then the result should be, in any order:
      | y.v | n | r | m |
      | 1   | 0 | 0 | 0 |
      | 2   | 1 | 1 | 1 |
    And no side effects

  Scenario: [10] Lists of the group in WHERE
    When executing query:
      """
      MATCH (:A) ((n)-[:R]->(m)){1,} (x) WHERE all(y IN m WHERE y.v < 4) AND size(n) > 1 RETURN x.v
      """
    Then the result should be, in any order:
      | x.v |
      | 3   |
    And no side effects

  Scenario: [11] A variable from before
    When executing query:
      """
      WITH 3 AS most MATCH (:A) ((n)-[:R]->(m WHERE m.v < most)){1,} (x) RETURN x.v
      """
    Then the result should be, in any order:
      | x.v |
      | 2   |
    And no side effects

  Scenario: [12] In EXISTS and COUNT
    When executing query:
      """
      MATCH (x:X) RETURN x.v, COUNT { (x) (()-[:R]->()){1,} () } AS n, EXISTS { (x) ((a)-[:R]->(b:X)){2} () } AS two
      """
    Then the result should be, in any order:
      | x.v | n | two   |
      | 1   | 3 | true  |
      | 2   | 2 | false |
      | 3   | 1 | false |
    And no side effects

  Scenario: [13] A single node is not quantified
    When executing query:
      """
      MATCH ((x:A)){2,4} RETURN x
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  Scenario: [14] Nothing quantified stands inside
    When executing query:
      """
      MATCH (:A) (()-[:R]->+()){2,3} (:B) RETURN 1
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  Scenario: [15] A variable of the group is a new one
    When executing query:
      """
      MATCH (n:A) ((n)-[:R]->(m))+ (x) RETURN x
      """
    Then a SyntaxError should be raised at compile time: VariableAlreadyBound

  @source:cypher/clauses/create
  Scenario: [16] Nothing quantified is created
    When executing query:
      """
      CREATE (:A) ((n)-[:R]->(m)){2} (x)
      """
    Then a SyntaxError should be raised at compile time: CreatingVarLength

  @source:cypher/clauses/merge
  Scenario: [17] Nor merged
    When executing query:
      """
      MERGE (:A) ((n)-[:R]->(m)){2} (x)
      """
    Then a SyntaxError should be raised at compile time: CreatingVarLength

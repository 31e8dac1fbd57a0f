@source:cypher/patterns/reference/variable-length-paths#quantified-relationships
Feature: Quantified relationships

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (a:A {v: 1})-[:R {w: 1}]->(b {v: 2})-[:R {w: 2}]->(c {v: 3})-[:R {w: 3}]->(d {v: 4}), (a)-[:S]->(d)
      """

  Scenario Outline: [1] How often
    When executing query:
      """
      MATCH (:A)-[:R]-><quantifier>(x) RETURN collect(x.v) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | quantifier | found        |
      | +          | [2, 3, 4]    |
      | *          | [1, 2, 3, 4] |
      | {1}        | [2]          |
      | {2}        | [3]          |
      | {1,2}      | [2, 3]       |
      | {2,}       | [3, 4]       |
      | {,2}       | [1, 2, 3]    |
      | {0,1}      | [1, 2]       |
      | {,}        | [1, 2, 3, 4] |

  Scenario Outline: [2] In every direction, with and without brackets
    When executing query:
      """
      MATCH (x {v: 3})<rel>(y) RETURN collect(y.v) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | rel         | found        |
      | <-[:R]-+    | [2, 1]       |
      | <-[:R]-{2}  | [1]          |
      | -[:R]-{1,2} | [2, 1, 4]    |
      | -->+        | [4]          |
      | <--{1}      | [2]          |

  Scenario: [3] The variable is the list of relationships
    When executing query:
      """
      MATCH (:A)-[r:R]->{2,3}(x) RETURN x.v, [s IN r | s.w] AS w
      """
    Then the result should be, in any order:
      | x.v | w         |
      | 3   | [1, 2]    |
      | 4   | [1, 2, 3] |
    And no side effects

  Scenario: [4] A predicate holds of each
    When executing query:
      """
      MATCH (:A)-[r:R WHERE r.w < 3]->+(x) RETURN x.v
      """
    Then the result should be, in any order:
      | x.v |
      | 2   |
      | 3   |
    And no side effects

  Scenario: [5] Between other relationships of one path
    When executing query:
      """
      MATCH p = (:A)-[:R]->(x)-[:R]->*(y)-[:R]->({v: 4}) RETURN x.v, y.v, length(p) AS n
      """
    Then the result should be, in any order:
      | x.v | y.v | n |
      | 2   | 3   | 3 |
    And no side effects

  Scenario: [6] As a predicate and in EXISTS
    When executing query:
      """
      MATCH (x) WHERE (x)-[:R]->{2,}() AND EXISTS { (x)-->+({v: 4}) } RETURN x.v
      """
    Then the result should be, in any order:
      | x.v |
      | 1   |
      | 2   |
    And no side effects

  Scenario: [7] A relationship is not used twice
    Given having executed:
      """
      MATCH (a:A), (d {v: 4}) CREATE (d)-[:R {w: 4}]->(a)
      """
    When executing query:
      """
      MATCH (:A)-[r:R]->+(:A) RETURN size(r) AS n
      """
    Then the result should be, in any order:
      | n |
      | 4 |
    And no side effects

  @source:opencypher/patterns
  Scenario: [8] Arithmetic stays arithmetic
    When executing query:
      """
      WITH 5 AS a, 2 AS b RETURN (a)-+(b) AS x, (a)*(b) AS y
      """
    Then the result should be, in any order:
      | x | y  |
      | 3 | 10 |
    And no side effects

  Scenario Outline: [9] Bounds that no path has
    When executing query:
      """
      MATCH (a)-[:R]-><quantifier>(b) RETURN a
      """
    Then a SyntaxError should be raised at compile time: InvalidRelationshipPattern

    Examples:
      | quantifier |
      | {0}        |
      | {,0}       |
      | {3,2}      |

  @source:cypher/patterns/reference/variable-length-paths#variable-length-relationships
  Scenario: [10] A length in the brackets and a quantifier
    When executing query:
      """
      MATCH (a)-[:R*2]->+(b) RETURN a
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  @source:cypher/clauses/create
  Scenario: [11] Nothing quantified is created
    When executing query:
      """
      CREATE (a)-[:R]->+(b)
      """
    Then a SyntaxError should be raised at compile time: CreatingVarLength

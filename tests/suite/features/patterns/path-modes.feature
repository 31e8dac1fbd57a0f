@source:cypher/patterns/reference/match-modes-and-path-modes
Feature: Path modes and match modes

  # A ring of three, with a tail, a self-loop and a parallel relationship.
  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (a:A {v: 1}), (b {v: 2}), (c {v: 3}), (d:D {v: 4}),
        (a)-[:R {w: 1}]->(b)-[:R {w: 2}]->(c)-[:R {w: 3}]->(a), (c)-[:R {w: 4}]->(d), (b)-[:R {w: 5}]->(b)
      """

  Scenario Outline: [1] What may occur twice
    When executing query:
      """
      MATCH p = <mode> (:A)-[:R]->+(x) WITH x.v AS x, length(p) AS n ORDER BY x, n RETURN collect([x, n]) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | mode          | found                                                                          |
      | TRAIL         | [[1, 3], [1, 4], [2, 1], [2, 2], [3, 2], [3, 3], [4, 3], [4, 4]]               |
      | TRAIL PATHS   | [[1, 3], [1, 4], [2, 1], [2, 2], [3, 2], [3, 3], [4, 3], [4, 4]]               |
      | WALK          | [[1, 3], [1, 4], [2, 1], [2, 2], [3, 2], [3, 3], [4, 3], [4, 4]]               |
      | ACYCLIC       | [[2, 1], [3, 2], [4, 3]]                                                       |
      | ACYCLIC PATH  | [[2, 1], [3, 2], [4, 3]]                                                       |
      | SIMPLE        | [[1, 3], [2, 1], [3, 2], [4, 3]]                                               |
      | ALL ACYCLIC   | [[2, 1], [3, 2], [4, 3]]                                                       |

  Scenario Outline: [2] After a selector
    When executing query:
      """
      MATCH p = <prefix> (:A)-[:R]->+(x) RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n   |
      | <n> |
    And no side effects

    Examples:
      | prefix                      | n |
      | ANY TRAIL                   | 4 |
      | ANY SHORTEST ACYCLIC PATH   | 3 |
      | SHORTEST 2 ACYCLIC PATHS    | 3 |
      | SHORTEST 2 SIMPLE           | 4 |
      | SHORTEST 2 TRAIL            | 8 |
      | SHORTEST 2 TRAIL GROUPS     | 8 |
      | ALL SHORTEST WALK           | 4 |

  @source:definition
  Scenario: [3] ACYCLIC over several relationship patterns
    When executing query:
      """
      MATCH p = ACYCLIC (a)-[:R]->(b)-[:R]->(c) RETURN [n IN nodes(p) | n.v] AS v
      """
    Then the result should be, in any order:
      | v         |
      | [1, 2, 3] |
      | [2, 3, 1] |
      | [2, 3, 4] |
      | [3, 1, 2] |
    And no side effects

  @source:definition
  Scenario: [4] An acyclic path does not end where it began
    When executing query:
      """
      MATCH p = ACYCLIC (a:A)-[:R]->+(a) RETURN p
      """
    Then the result should be, in any order:
      | p |
    And no side effects

  @source:definition
  Scenario: [5] A simple one can
    When executing query:
      """
      MATCH p = SIMPLE (a:A)-[:R]->+(a) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 3 |
    And no side effects

  @source:definition
  Scenario: [6] A self-loop is simple, and not acyclic
    When executing query:
      """
      MATCH (b {v: 2}) RETURN COUNT { SIMPLE (b)-[:R]->(b) } AS simple, COUNT { ACYCLIC (b)-[:R]->(b) } AS acyclic
      """
    Then the result should be, in any order:
      | simple | acyclic |
      | 1      | 0       |
    And no side effects

  Scenario Outline: [7] Match modes
    When executing query:
      """
      MATCH <mode> (:A)-[:R]->(b)-[:R]->(x), (b)-[:R]->(y) RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n   |
      | <n> |
    And no side effects

    Examples:
      | mode                    | n |
      |                         | 2 |
      | DIFFERENT RELATIONSHIPS | 2 |
      | REPEATABLE ELEMENTS     | 4 |
      | REPEATABLE ELEMENT      | 4 |

  Scenario: [8] Walks with an upper bound
    When executing query:
      """
      MATCH REPEATABLE ELEMENTS p = ({v: 2})-[r:R]->{2,3}({v: 2}) RETURN [i IN r | i.w] AS w
      """
    Then the result should be, in any order:
      | w         |
      | [5, 5]    |
      | [5, 5, 5] |
      | [2, 3, 1] |
    And no side effects

  Scenario Outline: [9] Walks without end
    When executing query:
      """
      MATCH REPEATABLE ELEMENTS (:A)<pattern>(x) RETURN count(*) AS n
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

    Examples:
      | pattern              |
      | -[:R]->+             |
      | -[:R]->*             |
      | -[:R*]->             |
      | (()-[:R]->()){2,}    |

  Scenario Outline: [10] With a selector there is an end
    When executing query:
      """
      MATCH REPEATABLE ELEMENTS p = <selector> (:A)-[:R]->+(:D) RETURN collect(length(p)) AS n
      """
    Then the result should be (ignoring element order for lists):
      | n   |
      | <n> |
    And no side effects

    Examples:
      | selector          | n            |
      | ANY               | [3]          |
      | ALL SHORTEST      | [3]          |
      | SHORTEST 3        | [3, 4, 5]    |
      | SHORTEST 4 GROUPS | [3, 4, 5, 6, 6] |

  @source:definition
  # From D nothing goes on, so there are no more walks to it than one, however many are asked for.
  Scenario: [11] Fewer walks than asked for
    When executing query:
      """
      MATCH REPEATABLE ELEMENTS p = SHORTEST 5 ({v: 3})-[:R]->{1,2}(x {v: 4}) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 1 |
    And no side effects

  @source:definition
  Scenario: [12] Unbounded, and still fewer than asked for
    Given having executed:
      """
      CREATE (:P)-[:Q]->(:P2)-[:Q]->(m:P3), (m)-[:Q]->(:P4)
      """
    When executing query:
      """
      MATCH REPEATABLE ELEMENTS p = SHORTEST 5 (:P)-[:Q]->+(x) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 1 |
      | 2 |
      | 3 |
    And no side effects

  @source:definition
  Scenario: [13] Beside a cycle from which the end is not reached
    Given having executed:
      """
      CREATE (p:P)-[:Q]->(:P2), (p)-[:Q]->(m:P3), (m)-[:Q]->(m)
      """
    When executing query:
      """
      MATCH REPEATABLE ELEMENTS p = SHORTEST 2 (:P)-[:Q]->+(x:P2) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 1 |
    And no side effects

  @source:definition
  Scenario: [14] TRAIL in a match that repeats
    When executing query:
      """
      MATCH REPEATABLE ELEMENTS p = TRAIL (:A)-[:R]->+(x) RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n |
      | 8 |
    And no side effects

  @source:opencypher/names
  Scenario: [15] The words stay names
    When executing query:
      """
      MATCH walk = (group:A)-[simple:R]->(acyclic {v: 2}) RETURN length(walk) AS repeatable, group.v AS elements, acyclic.v AS different
      """
    Then the result should be, in any order:
      | repeatable | elements | different |
      | 1          | 1        | 2         |
    And no side effects

  Scenario: [16] A path that is made has no mode
    When executing query:
      """
      CREATE ACYCLIC (:A)-[:R]->(:D)
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  @source:gql/16.7-abbreviated-edge-patterns
  Scenario Outline: [17] Abbreviated relationships
    When executing query:
      """
      MATCH (a:A)<edge>(x) RETURN collect(x.v) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | edge  | found  |
      | ->    | [2]    |
      | -->   | [2]    |
      | <-    | [3]    |
      | <--   | [3]    |
      | -     | [2, 3] |
      | --    | [2, 3] |
      | <->   | [2, 3] |
      | <-->  | [2, 3] |
      | <-[]-> | [2, 3] |
      | ->{2} | [3, 2] |

  @source:opencypher/names
  Scenario: [18] Arithmetic on parenthesised values stays arithmetic
    When executing query:
      """
      WITH 5 AS a, 3 AS b RETURN (a)-(b) AS minus, (a)<-(b) AS less
      """
    Then the result should be, in any order:
      | minus | less  |
      | 2     | false |
    And no side effects

  @source:definition
  Scenario Outline: [19] There and back by one relationship is simple only where relationships may be repeated
    When executing query:
      """
      MATCH <mode> SIMPLE (:D)-[:R]-{2}(x) RETURN collect(x.v) AS found
      """
    Then the result should be (ignoring element order for lists):
      | found   |
      | <found> |
    And no side effects

    Examples:
      | mode                    | found     |
      |                         | [1, 2]    |
      | DIFFERENT RELATIONSHIPS | [1, 2]    |
      | REPEATABLE ELEMENTS     | [1, 2, 4] |

  @source:definition
  Scenario Outline: [20] A node that stands in a path twice is one node
    When executing query:
      """
      MATCH p = <path> RETURN [n IN nodes(p) | n.v] AS v
      """
    Then the result should be, in any order:
      | v   |
      | <v> |
    And no side effects

    Examples:
      | path                                                       | v            |
      | ALL SHORTEST (:A)-[:R]->(x)-[:R]->(x)                      | [1, 2, 2]    |
      | ALL SHORTEST (x)-[:R]->(x)-[:R]->(:!A)                     | [2, 2, 3]    |
      | ANY SHORTEST (:A)-[:R]->(x)-[:R]->(x)-[:R]->{2}(:D)        | [1, 2, 2, 3, 4] |
      | SIMPLE (:A)-[:R]->(x)(()-[:R]->()){0,1}(x)                 | [1, 2]       |
      | SHORTEST 2 GROUPS (y:A)-[:R]->(x)-[:R]->(x)-[:R]->+(y)     | [1, 2, 2, 3, 1] |

@source:cypher/patterns/reference/shortest-paths
Feature: Selectors over whole path patterns

  # Lengths of trails from A to D over R: 2 (twice), 3 (once); B to B: 3 by the ring.
  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (a:A {v: 1}), (b:B {v: 2}), (c {v: 3}), (d:D {v: 4}),
        (a)-[:R {w: 1}]->(b)-[:R {w: 2}]->(d), (a)-[:R {w: 3}]->(c)-[:R {w: 4}]->(d), (b)-[:R {w: 5}]->(c), (d)-[:T {w: 6}]->(b)
      """

  Scenario Outline: [1] Of three trails
    When executing query:
      """
      MATCH p = <selector> (:A)-[:R]->+(:D) RETURN collect(length(p)) AS n
      """
    Then the result should be (ignoring element order for lists):
      | n   |
      | <n> |
    And no side effects

    Examples:
      | selector                | n         |
      | SHORTEST 1              | [2]       |
      | SHORTEST 2              | [2, 2]    |
      | SHORTEST 3 PATHS        | [2, 2, 3] |
      | SHORTEST 9 PATHS        | [2, 2, 3] |
      | SHORTEST GROUP          | [2, 2]    |
      | SHORTEST 1 GROUP        | [2, 2]    |
      | SHORTEST 1 PATH GROUP   | [2, 2]    |
      | SHORTEST 2 GROUPS       | [2, 2, 3] |
      | SHORTEST 2 PATHS GROUPS | [2, 2, 3] |
      | ANY SHORTEST            | [2]       |
      | ALL SHORTEST            | [2, 2]    |
      | ALL SHORTEST PATHS      | [2, 2]    |
      | ALL                     | [2, 2, 3] |
      | ALL PATHS               | [2, 2, 3] |

  Scenario Outline: [2] ANY takes so many, whichever they are
    When executing query:
      """
      MATCH p = <selector> (:A)-[:R]->+(:D) RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n   |
      | <n> |
    And no side effects

    Examples:
      | selector    | n |
      | ANY         | 1 |
      | ANY 2       | 2 |
      | ANY 2 PATHS | 2 |
      | ANY 9       | 3 |

  Scenario: [3] For each pair of ends
    When executing query:
      """
      MATCH p = SHORTEST 2 (a)-[:R]->+(x) RETURN a.v, x.v, collect(length(p)) AS n ORDER BY a.v, x.v
      """
    Then the result should be, in order:
      | a.v | x.v | n      |
      | 1   | 2   | [1]    |
      | 1   | 3   | [1, 2] |
      | 1   | 4   | [2, 2] |
      | 2   | 3   | [1]    |
      | 2   | 4   | [1, 2] |
      | 3   | 4   | [1]    |
    And no side effects

  Scenario: [4] Over several relationship patterns
    When executing query:
      """
      MATCH p = ANY SHORTEST (:A)-[r:R]->(m)-[s:R]->*(:D) RETURN length(p) AS n, r IS NULL AS none, m IS NULL AS nobody, size(s) AS s
      """
    Then the result should be, in any order:
      | n | none  | nobody | s |
      | 2 | false | false  | 1 |
    And no side effects

  Scenario: [5] Variables inside, and quantified patterns
    When executing query:
      """
      MATCH p = ALL SHORTEST (:A) ((x)-[r:R]->(y))+ (m)-[t:T]->(n)
      RETURN [i IN x | i.v] AS x, [i IN r | i.w] AS r, [i IN y | i.v] AS y, m.v, t.w, n.v
      """
    Then the result should be, in any order:
      | x      | r      | y      | m.v | t.w | n.v |
      | [1, 2] | [1, 2] | [2, 4] | 4   | 6   | 2   |
      | [1, 3] | [3, 4] | [3, 4] | 4   | 6   | 2   |
    And no side effects

  Scenario: [6] From a node back to it
    When executing query:
      """
      MATCH p = ANY SHORTEST (b:B)-[:R|T]->+(b) RETURN [n IN nodes(p) | n.v] AS v
      """
    Then the result should be, in any order:
      | v         |
      | [2, 4, 2] |
    And no side effects

  Scenario: [7] No relationship is a path where that is allowed
    When executing query:
      """
      MATCH p = SHORTEST 2 (b:B)-[:R|T]->*(b) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 0 |
      | 2 |
    And no side effects

  @source:cypher/patterns/shortest-paths#pre-filters-and-post-filters
  Scenario: [8] A predicate inside the parentheses makes it search among others
    When executing query:
      """
      MATCH SHORTEST 1 (p = (:A)-[r:R]->+(d:D) WHERE length(p) > 2) RETURN length(p) AS n, [i IN r | i.w] AS w
      """
    Then the result should be, in any order:
      | n | w         |
      | 3 | [1, 5, 4] |
    And no side effects

  @source:cypher/patterns/shortest-paths#pre-filters-and-post-filters
  Scenario: [9] The WHERE of MATCH tests what was selected
    When executing query:
      """
      MATCH p = ALL SHORTEST (:A)-[r:R]->+(d:D) WHERE length(p) > 2 RETURN p
      """
    Then the result should be, in any order:
      | p |
    And no side effects

  Scenario: [10] Inline predicates come first
    When executing query:
      """
      MATCH p = ANY SHORTEST (:A)-[:R]->(m WHERE m.v = 2)-[:R]->(n {v: 3})-[:R]->(:D) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 3 |
    And no side effects

  Scenario: [11] A predicate that compares two inner elements
    When executing query:
      """
      MATCH p = ANY SHORTEST (:A)-[r:R]->(m)-[s:R WHERE s.w = r.w + 4]->(n)-[:R]->(:D) RETURN [x IN nodes(p) | x.v] AS v
      """
    Then the result should be, in any order:
      | v            |
      | [1, 2, 3, 4] |
    And no side effects

  Scenario: [12] The number as a parameter
    Given parameters are:
      | k | 2 |
    When executing query:
      """
      MATCH p = SHORTEST $k (:A)-[:R]->+(:D) RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n |
      | 2 |
    And no side effects

  Scenario Outline: [13] Numbers that are none
    Given parameters are:
      | k | <k> |
    When executing query:
      """
      MATCH p = SHORTEST $k (:A)-[:R]->+(:D) RETURN count(*) AS n
      """
    Then a ArgumentError should be raised at runtime: NumberOutOfRange

    Examples:
      | k    |
      | 0    |
      | -1   |
      | null |
      | 'a'  |

  Scenario Outline: [14] Words that belong together
    When executing query:
      """
      MATCH p = <selector> (:A)-[:R]->+(:D) RETURN p
      """
    Then a SyntaxError should be raised at compile time: <detail>

    Examples:
      | selector            | detail           |
      | SHORTEST 0          | NumberOutOfRange |
      | ANY 0               | NumberOutOfRange |
      | SHORTEST            | UnexpectedSyntax |
      | ANY 2 GROUPS        | UnexpectedSyntax |
      | ALL SHORTEST GROUPS | UnexpectedSyntax |

  @source:cypher/patterns/reference/graph-patterns
  Scenario: [15] A selected path stands alone
    When executing query:
      """
      MATCH p = ANY SHORTEST (a:A)-[:R]->+(d:D), (d)-[:T]->(x) RETURN p
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  Scenario: [16] Beside single nodes, with both ends bound
    When executing query:
      """
      MATCH (a:A) MATCH (d:D), p = SHORTEST 1 GROUP (a)-[:R]->+(d) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 2 |
      | 2 |
    And no side effects

  @source:definition
  Scenario: [17] None, and OPTIONAL
    When executing query:
      """
      MATCH (d:D) OPTIONAL MATCH p = SHORTEST 2 (d)-[r:R]->(m)-[:R]->+(x) RETURN d.v, p, r, m, x
      """
    Then the result should be, in any order:
      | d.v | p    | r    | m    | x    |
      | 4   | null | null | null | null |
    And no side effects

  @source:definition
  # A trail that has to use T before it comes to D again.
  Scenario: [18] The shortest trail is not the shortest walk
    When executing query:
      """
      MATCH p = ANY SHORTEST ({v: 2})-[:R]->(:D)-[:T]->()-[:R]->+(:D) RETURN [r IN relationships(p) | r.w] AS w
      """
    Then the result should be, in any order:
      | w            |
      | [2, 6, 5, 4] |
    And no side effects

  @source:definition
  Scenario: [19] Repetitions with a predicate over several elements
    When executing query:
      """
      MATCH p = ANY SHORTEST (:A) ((x)-[r]->(y)-[s]->(z) WHERE r.w < s.w)+ (e {v: 2}) RETURN [r IN relationships(p) | r.w] AS w
      """
    Then the result should be, in any order:
      | w            |
      | [1, 5, 4, 6] |
    And no side effects

  @source:definition
  Scenario: [20] The same, where there is one
    When executing query:
      """
      MATCH p = ANY SHORTEST (:A) ((x)-[r]->(y)-[s]->(z) WHERE r.w < s.w)+ (e {v: 3}) RETURN [r IN relationships(p) | r.w] AS w
      """
    Then the result should be, in any order:
      | w      |
      | [1, 5] |
    And no side effects

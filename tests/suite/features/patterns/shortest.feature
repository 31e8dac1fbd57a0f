@source:cypher/patterns/shortest-paths
Feature: SHORTEST, ALL SHORTEST, ANY

  Background:
    Given an empty graph
    And having executed:
      """
      CREATE (a:A {v: 1}), (b {v: 2}), (c {v: 3}), (d:D {v: 4}),
        (a)-[:R]->(b)-[:R]->(d), (a)-[:R]->(c)-[:R]->(d), (b)-[:R]->(c)
      """

  Scenario Outline: [1] One path
    When executing query:
      """
      MATCH p = <selector> (:A)-[:R]->+(:D) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 2 |
    And no side effects

    Examples:
      | selector          |
      | SHORTEST 1        |
      | SHORTEST 1 PATH   |
      | ANY SHORTEST      |
      | ANY SHORTEST PATH |

  Scenario Outline: [2] All with the fewest relationships
    When executing query:
      """
      MATCH p = <selector> (:A)-[:R]->+(:D) RETURN [n IN nodes(p) | n.v] AS v
      """
    Then the result should be, in any order:
      | v         |
      | [1, 2, 4] |
      | [1, 3, 4] |
    And no side effects

    Examples:
      | selector           |
      | ALL SHORTEST       |
      | ALL SHORTEST PATHS |

  Scenario: [3] One for each pair of ends
    When executing query:
      """
      MATCH p = ANY SHORTEST (:A)-[:R]->+(x) RETURN x.v, length(p) AS n
      """
    Then the result should be, in any order:
      | x.v | n |
      | 2   | 1 |
      | 3   | 1 |
      | 4   | 2 |
    And no side effects

  @source:gql/16.6-path-pattern-prefix
  Scenario: [4] ANY says whether there is a path
    When executing query:
      """
      MATCH ANY (:A)-[:R]->+(x:D) RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n |
      | 1 |
    And no side effects

  @source:gql/16.6-path-pattern-prefix
  Scenario: [5] TRAIL is what paths are
    When executing query:
      """
      MATCH TRAIL (:A)-[:R]->+(x:D) RETURN count(*) AS n
      """
    Then the result should be, in any order:
      | n |
      | 3 |
    And no side effects

  @source:opencypher/names
  Scenario: [6] The words stay names
    When executing query:
      """
      MATCH any = (shortest:A)-[path:R]->(trail {v: 2}) RETURN length(any) AS any, shortest.v AS paths
      """
    Then the result should be, in any order:
      | any | paths |
      | 1   | 1     |
    And no side effects

  Scenario: [7] More than the shortest one
    When executing query:
      """
      MATCH p = SHORTEST 2 (:A)-[:R]->+(:D) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 2 |
      | 2 |
    And no side effects

  Scenario: [8] None is created
    When executing query:
      """
      CREATE ANY SHORTEST (:A)-[:R]->(:D)
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  @source:cypher/patterns/shortest-paths#filters
  Scenario: [9] WHERE tests the path that was selected, and makes the search find no other
    Given having executed:
      """
      CREATE (:S {v: 10})-[:Q {ok: false}]->(:T {v: 11}), (:U {v: 12})
      WITH 1 AS x
      MATCH (s:S), (t:T), (u:U) CREATE (s)-[:Q {ok: true}]->(u)-[:Q {ok: true}]->(t)
      """
    When executing query:
      """
      MATCH p = ANY SHORTEST (:S)-[r:Q]->+(:T) WHERE all(x IN r WHERE x.ok) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
    And no side effects

  @source:cypher/patterns/shortest-paths#filters
  Scenario: [10] A predicate inside the pattern makes it search among others
    Given having executed:
      """
      CREATE (:S {v: 10})-[:Q {ok: false}]->(:T {v: 11}), (:U {v: 12})
      WITH 1 AS x
      MATCH (s:S), (t:T), (u:U) CREATE (s)-[:Q {ok: true}]->(u)-[:Q {ok: true}]->(t)
      """
    When executing query:
      """
      MATCH p = ANY SHORTEST (:S)-[r:Q WHERE r.ok]->+(:T) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 2 |
    And no side effects

  @source:cypher/patterns/reference/shortest-paths#shortest-functions
  Scenario: [11] shortestPath() takes the shortest path that satisfies WHERE
    Given having executed:
      """
      CREATE (:S {v: 10})-[:Q {ok: false}]->(:T {v: 11}), (:U {v: 12})
      WITH 1 AS x
      MATCH (s:S), (t:T), (u:U) CREATE (s)-[:Q {ok: true}]->(u)-[:Q {ok: true}]->(t)
      """
    When executing query:
      """
      MATCH (s:S), (t:T) MATCH p = shortestPath((s)-[:Q*]->(t)) WHERE all(x IN relationships(p) WHERE x.ok) RETURN length(p) AS n
      """
    Then the result should be, in any order:
      | n |
      | 2 |
    And no side effects
